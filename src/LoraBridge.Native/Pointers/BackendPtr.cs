namespace LoraBridge.Native;

/// <summary>A borrowed <c>ggml_backend *</c>: whoever made it frees it.</summary>
internal readonly record struct BackendPtr(nint Address)
{
    public bool IsNull => Address == 0;
}
