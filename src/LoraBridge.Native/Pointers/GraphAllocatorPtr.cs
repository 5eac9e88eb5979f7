namespace LoraBridge.Native;

/// <summary>A borrowed <c>ggml_gallocr *</c>: whoever made it frees it.</summary>
internal readonly record struct GraphAllocatorPtr(nint Address)
{
    public bool IsNull => Address == 0;
}
