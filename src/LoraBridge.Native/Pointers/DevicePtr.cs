namespace LoraBridge.Native;

/// <summary>A borrowed <c>ggml_backend_device *</c>: whoever made it frees it.</summary>
internal readonly record struct DevicePtr(nint Address)
{
    public bool IsNull => Address == 0;
}
