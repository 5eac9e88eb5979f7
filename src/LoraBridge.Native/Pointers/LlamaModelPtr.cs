namespace LoraBridge.Native;

/// <summary>A borrowed <c>llama_model *</c>: whoever made it frees it.</summary>
internal readonly record struct LlamaModelPtr(nint Address)
{
    public bool IsNull => Address == 0;
}
