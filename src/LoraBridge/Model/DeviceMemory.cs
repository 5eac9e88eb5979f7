using System.Globalization;
using LoraBridge.Native;
using static LoraBridge.Native.Ggml;

namespace LoraBridge.Model;

/// <summary>How much memory there is where something is to be kept. The managed heap and its limits say nothing about that.</summary>
internal static class DeviceMemory
{
    private const string MemoryInfo = "/proc/meminfo";

    /// <summary>The control group of a container, in the second version of these and in the first.</summary>
    private static readonly MemoryGroup[] Groups =
    [
        new("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current", "/sys/fs/cgroup/memory.stat", "inactive_file "),
        new("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes", "/sys/fs/cgroup/memory/memory.stat", "total_inactive_file "),
    ];

    /// <summary>Bytes that are free on the devices together, none meaning the CPU: of that, all that the process may use.</summary>
    internal static long Available(IReadOnlyList<DevicePtr> devices)
    {
        if (devices.Count == 0)
            return Math.Min(Free(CpuBackend.Device), GroupLimit());
        return devices.Sum(Free);
    }

    /// <summary>
    /// Bytes of the machine's memory that the process could take now without others being driven out: what the system says, or where it is not asked, all
    /// there is. ggml counts all of the CPU's memory as free.
    /// </summary>
    internal static long FreeNow()
    {
        var free = File.Exists(MemoryInfo) && AvailableIn(File.ReadAllText(MemoryInfo)) is { } available ? available : Free(CpuBackend.Device);
        return Math.Min(free, Math.Max(0, GroupLimit() - Groups.Max(group => group.ReadUse())));
    }

    /// <summary>What <c>/proc/meminfo</c> says is available; null if it says nothing.</summary>
    internal static long? AvailableIn(string memoryInfo)
    {
        const string Key = "MemAvailable:", Unit = " kB";
        var line = memoryInfo.Split('\n').FirstOrDefault(line => line.StartsWith(Key, StringComparison.Ordinal) && line.EndsWith(Unit, StringComparison.Ordinal));
        return long.TryParse(line?[Key.Length..^Unit.Length], NumberStyles.AllowLeadingWhite, CultureInfo.InvariantCulture, out var kilobytes) ? kilobytes << 10 : null;
    }

    private static long Free(DevicePtr device)
    {
        ggml_backend_dev_memory(device, out var free, out _);
        return (long)Math.Min(free, long.MaxValue);
    }

    /// <summary>What the control group of a container allows; a great number when there is no limit.</summary>
    private static long GroupLimit() => Groups.Min(group => group.ReadLimit());
}

/// <summary>The files that say what a control group may take of the machine's memory, and takes.</summary>
/// <param name="limit">Holds the most it may take.</param>
/// <param name="usage">Holds what it takes, pages of files included.</param>
/// <param name="statistics">Says what kinds of pages these are.</param>
/// <param name="pages">What stands there before the bytes of files that have not been used for a while.</param>
internal sealed class MemoryGroup(string limit, string usage, string statistics, string pages)
{
    /// <summary>In bytes; a great number when there is none.</summary>
    public long ReadLimit() => Number(limit) ?? long.MaxValue;

    /// <summary>What the group holds, without pages of files that it would give back: mapped models among them. 0 if it does not say.</summary>
    public long ReadUse()
    {
        if (Number(usage) is not { } used)
            return 0;
        var line = File.ReadLines(statistics).FirstOrDefault(line => line.StartsWith(pages, StringComparison.Ordinal));
        return used - (long.TryParse(line?[pages.Length..], NumberStyles.None, CultureInfo.InvariantCulture, out var reclaimable) ? reclaimable : 0);
    }

    private static long? Number(string file) =>
        File.Exists(file) && long.TryParse(File.ReadAllText(file), NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out var number) ? number : null;
}
