using System.Globalization;

namespace LoraBridge.Native;

/// <summary>
/// How many threads a computation gets. ggml's threads wait for each other by spinning, so that one thread more than there are cores
/// makes everything hundreds of times slower: never more than the physical cores that this process may use.
/// </summary>
internal static class ProcessorInfo
{
    /// <summary>Environment variable that overrides <see cref="DefaultThreadCount"/>.</summary>
    internal const string ThreadsVariable = "LORABRIDGE_THREADS";

    private const string CpuFolder = "/sys/devices/system/cpu";
    private const string StatusFile = "/proc/self/status";

    /// <summary>
    /// Physical cores this process may use, or what <c>LORABRIDGE_THREADS</c> says. <see cref="Environment.ProcessorCount"/>, which
    /// respects affinity and container limits, is the upper bound.
    /// </summary>
    /// <exception cref="InvalidOperationException">The variable is set to something other than a number from 1 to 512.</exception>
    internal static int DefaultThreadCount => Environment.GetEnvironmentVariable(ThreadsVariable) is { Length: > 0 } text
        ? Parse(text)
        : Math.Clamp(PhysicalCoreCount(CpuFolder, StatusFile) ?? Environment.ProcessorCount, 1, Environment.ProcessorCount);

    internal static int Parse(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var threads) && threads is > 0 and <= 512
            ? threads
            : throw new InvalidOperationException($"{ThreadsVariable} must be a number from 1 to 512; found '{text}'.");

    /// <summary>
    /// Distinct cores among the processors that <paramref name="statusFile"/> allows, by the topology that Linux shows in
    /// <paramref name="cpuFolder"/>; null where it shows none.
    /// </summary>
    internal static int? PhysicalCoreCount(string cpuFolder, string statusFile)
    {
        const string key = "Cpus_allowed_list:";
        if (!Directory.Exists(cpuFolder) || !File.Exists(statusFile))
            return null;
        var allowed = File.ReadLines(statusFile).FirstOrDefault(line => line.StartsWith(key, StringComparison.Ordinal));
        if (allowed is null)
            return null;
        var cores = new HashSet<string>();
        foreach (var cpu in ParseList(allowed[key.Length..]))
        {
            var siblings = Path.Combine(cpuFolder, $"cpu{cpu}", "topology", "thread_siblings_list");
            if (File.Exists(siblings))
                cores.Add(File.ReadAllText(siblings).Trim());
        }
        return cores.Count > 0 ? cores.Count : null;
    }

    /// <summary>The numbers of a list such as <c>0-3,8</c>.</summary>
    internal static IEnumerable<int> ParseList(string list)
    {
        foreach (var range in list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var ends = range.Split('-');
            var first = int.Parse(ends[0], CultureInfo.InvariantCulture);
            var last = int.Parse(ends[^1], CultureInfo.InvariantCulture);
            for (var i = first; i <= last; i++)
                yield return i;
        }
    }
}
