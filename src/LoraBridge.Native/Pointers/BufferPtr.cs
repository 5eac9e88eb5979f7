namespace LoraBridge.Native;

/// <summary>A borrowed <c>ggml_backend_buffer *</c>: whoever made it frees it.</summary>
internal readonly record struct BufferPtr(nint Address)
{
    public bool IsNull => Address == 0;
}
