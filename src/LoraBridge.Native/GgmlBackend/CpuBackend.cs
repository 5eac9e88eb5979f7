using static LoraBridge.Native.Ggml;

namespace LoraBridge.Native;

/// <summary>The backend of the CPU.</summary>
internal static class CpuBackend
{
    /// <summary>The device of the CPU.</summary>
    /// <exception cref="NativeException">No CPU backend is loaded.</exception>
    internal static DevicePtr Device
    {
        get
        {
            NativeRuntime.Initialize();
            var device = ggml_backend_dev_by_type(GgmlBackendDeviceType.Cpu);
            return device.IsNull ? throw new NativeException("No CPU backend is loaded.") : device;
        }
    }

    /// <summary>Opens the CPU with <paramref name="threads"/> threads; null takes <see cref="ProcessorInfo.DefaultThreadCount"/>.</summary>
    internal static BackendHandle Open(int? threads = null)
    {
        var backend = Backends.Open(Device);
        var count = threads ?? ProcessorInfo.DefaultThreadCount;
        Backends.SetThreadCount(backend, count);
        Backends.KeepThreads(backend, count);
        return backend;
    }
}
