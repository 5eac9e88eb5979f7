using System.Runtime.InteropServices;

namespace LoraBridge.Native;

/// <summary><c>ggml_backend_dev_caps</c>: what a device can do.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct GgmlBackendDeviceCaps
{
    public NativeBool async;
    public NativeBool host_buffer;
    public NativeBool buffer_from_host_ptr;
    public NativeBool events;
    public NativeBool mmap_support;
}
