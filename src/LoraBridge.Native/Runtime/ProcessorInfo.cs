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

    /// <summary>
    /// Physical cores this process may use, or what <c>LORABRIDGE_THREADS</c> says. <see cref="Environment.ProcessorCount"/>, which
    /// respects affinity and container limits, is the upper bound.
    /// </summary>
    /// <exception cref="InvalidOperationException">The variable is set to something other than a positive number.</exception>
    internal static int DefaultThreadCount => Environment.GetEnvironmentVariable(ThreadsVariable) is { Length: > 0 } text
        ? Parse(text)
        : Math.Clamp(PhysicalCoreCount(CpuFolder) ?? Environment.ProcessorCount, 1, Environment.ProcessorCount);

    internal static int Parse(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var threads) && threads is > 0 and <= 512
            ? threads
            : throw new InvalidOperationException($"{ThreadsVariable} must be a number from 1 to 512; found '{text}'.");

    /// <summary>Distinct cores that Linux lists under <paramref name="folder"/>; null where it lists none.</summary>
    internal static int? PhysicalCoreCount(string folder)
    {
        if (!Directory.Exists(folder))
            return null;
        var cores = new HashSet<string>();
        foreach (var cpu in Directory.EnumerateDirectories(folder, "cpu*"))
        {
            var siblings = Path.Combine(cpu, "topology", "thread_siblings_list");
            if (File.Exists(siblings))
                cores.Add(File.ReadAllText(siblings).Trim());
        }
        return cores.Count > 0 ? cores.Count : null;
    }
}
