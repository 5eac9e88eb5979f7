using System.Runtime.InteropServices;

namespace LoraBridge.Native;

/// <summary>Kinds of devices (<c>ggml_backend_dev_type</c>).</summary>
internal enum GgmlBackendDeviceType
{
    Cpu = 0,
    Gpu = 1,
    Igpu = 2,
    Accel = 3,
    Meta = 4,
}

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

/// <summary><c>ggml_threadpool_params</c>: how many threads a pool has, where they run, and how long they look for work before they sleep.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct GgmlThreadpoolParams
{
    public fixed byte cpumask[Ggml.MaxThreads];
    public int n_threads;
    public int prio;
    public uint poll;
    public NativeBool strict_cpu;
    public NativeBool paused;
}
