namespace LoraBridge.Native;

/// <summary>A borrowed <c>llama_memory_i *</c>: whoever made it frees it.</summary>
internal readonly record struct MemoryPtr(nint Address)
{
    public bool IsNull => Address == 0;
}
