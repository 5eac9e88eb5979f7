namespace LoraBridge.Native;

/// <summary>A borrowed <c>llama_context *</c>: whoever made it frees it.</summary>
internal readonly record struct LlamaContextPtr(nint Address)
{
    public bool IsNull => Address == 0;
}
