namespace LoraBridge.Native;

/// <summary>A borrowed <c>ggml_context *</c>: whoever made it frees it.</summary>
internal readonly record struct GgmlContext(nint Address)
{
    public bool IsNull => Address == 0;
}
