namespace LoraBridge.Native;

/// <summary>A borrowed <c>ggml_cgraph *</c>: whoever made it frees it.</summary>
internal readonly record struct GraphPtr(nint Address)
{
    public bool IsNull => Address == 0;
}
