using System.Globalization;
using LoraBridge.Native;
using static LoraBridge.Native.Ggml;

namespace LoraBridge.Model;

/// <summary>How much memory there is where something is to be kept. The managed heap and its limits say nothing about that.</summary>
internal static class DeviceMemory
{
    private static readonly string[] GroupLimits = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];

    /// <summary>Bytes that are free on the devices together, none meaning the CPU: of that, all that the process may use.</summary>
    internal static long Available(IReadOnlyList<DevicePtr> devices)
    {
        if (devices.Count == 0)
            return Math.Min(Free(CpuBackend.Device), GroupLimit());
        return devices.Sum(Free);
    }

    private static long Free(DevicePtr device)
    {
        ggml_backend_dev_memory(device, out var free, out _);
        return (long)Math.Min(free, long.MaxValue);
    }

    /// <summary>What the control group of a container allows; a great number when there is no limit.</summary>
    private static long GroupLimit()
    {
        foreach (var file in GroupLimits)
        {
            if (File.Exists(file) && long.TryParse(File.ReadAllText(file), NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out var limit))
                return limit;
        }
        return long.MaxValue;
    }
}
