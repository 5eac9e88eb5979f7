using LoraBridge.Native;

namespace LoraBridge.Model;

/// <summary>Finds out which backends can be used.</summary>
public static class Backends
{
    private static readonly ComputeBackend[] Preferred =
        [ComputeBackend.Cuda, ComputeBackend.Metal, ComputeBackend.Vulkan, ComputeBackend.Cpu];

    /// <summary>Asks each backend for its devices; those that have none say why.</summary>
    /// <exception cref="DllNotFoundException">The native libraries were not found.</exception>
    /// <exception cref="NativeException">The native libraries are another build than the one that belongs here.</exception>
    public static BackendReport List()
    {
        var libraries = NativeRuntime.Initialize().Libraries;
        BackendInfo[] candidates = [.. Preferred.Select(Describe)];
        return new BackendReport(Select(ComputeBackend.Auto).Name, libraries.Build.Name, libraries.Directory, libraries.Reason, candidates);
    }

    /// <summary>The devices a configuration asks for; none means the CPU.</summary>
    /// <exception cref="NativeException">The backend is not available; the message says why.</exception>
    internal static (string Name, IReadOnlyList<DevicePtr> Devices) Select(ComputeBackend backend)
    {
        if (backend == ComputeBackend.Cpu)
            return (NameOf(backend), []);
        if (backend != ComputeBackend.Auto)
            return (NameOf(backend), ComputeDevices.Require(NameOf(backend)));
        foreach (var candidate in Preferred)
        {
            if (candidate != ComputeBackend.Cpu && Describe(candidate).Available)
                return (NameOf(candidate), ComputeDevices.Require(NameOf(candidate)));
        }
        return (NameOf(ComputeBackend.Cpu), []);
    }

    private static BackendInfo Describe(ComputeBackend backend)
    {
        try
        {
            var devices = ComputeDevices.Require(NameOf(backend)).Select(DeviceProperties.Of);
            return new BackendInfo(NameOf(backend), Available: true, Reason: null, [.. devices.Select(Describe)]);
        }
        catch (NativeException unavailable)
        {
            return new BackendInfo(NameOf(backend), Available: false, unavailable.Message, []);
        }
    }

    private static DeviceInfo Describe(DeviceProperties device) =>
        new(device.Name, device.Description, device.MemoryTotal, device.MemoryFree);

    private static string NameOf(ComputeBackend backend) => backend.ToString().ToLowerInvariant();
}
