namespace LoraBridge.Native;

/// <summary>A borrowed <c>llama_adapter_lora *</c>: whoever made it frees it.</summary>
internal readonly record struct LlamaAdapterPtr(nint Address)
{
    public bool IsNull => Address == 0;
}
