using LoraBridge.Native;
using LoraBridge.Training.Graphs;

namespace LoraBridge.Model;

/// <summary>What computes, as results report it.</summary>
internal static class DeviceNodes
{
    /// <summary>What ggml calls the devices; <c>CPU</c> where there are none.</summary>
    internal static string NameOf(IReadOnlyList<DevicePtr> devices) =>
        devices.Count == 0 ? "CPU" : string.Join(", ", devices.Select(device => Ggml.ggml_backend_dev_name(device)));

    /// <summary>What a device left to the CPU.</summary>
    internal static IReadOnlyList<DeviceFallback> Fallbacks(IEnumerable<HostOperations> operations) =>
        [.. operations.Select(group => new DeviceFallback(group.Kind, group.Count, group.Reason))];

    /// <summary>What the devices that a model was loaded on leave to the CPU in inference.</summary>
    internal static IReadOnlyList<DeviceFallback> FallbacksOfInference(ModelCore core)
    {
        lock (core.Gate)
            return Fallbacks(HostOperations.OfInference(core.ForInference(), core.CacheDevices, core.Threads));
    }
}
