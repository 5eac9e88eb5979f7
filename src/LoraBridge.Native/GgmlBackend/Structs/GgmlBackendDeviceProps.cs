using System.Runtime.InteropServices;

namespace LoraBridge.Native;

/// <summary><c>ggml_backend_dev_props</c>: name, memory in bytes and capabilities of a device; <see cref="DeviceProperties"/> is the managed copy.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct GgmlBackendDeviceProps
{
    public byte* name;
    public byte* description;
    public nuint memory_free;
    public nuint memory_total;
    public GgmlBackendDeviceType type;
    public byte* device_id;
    public GgmlBackendDeviceCaps caps;
}
