namespace LoraBridge.Native;

/// <summary>A borrowed <c>ggml_backend_buffer_type *</c>: whoever made it frees it.</summary>
internal readonly record struct BufferTypePtr(nint Address)
{
    public bool IsNull => Address == 0;
}
