using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace LoraBridge.Native;

/// <summary>
/// How many threads a computation gets. ggml's threads wait for each other by spinning, so that one thread more than there are cores
/// makes everything hundreds of times slower: never more than the physical cores that this process may use, and on machines with fast
/// and slow cores, where the fast ones would wait, only the fast ones.
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
        : Math.Clamp(CoreCount() ?? Environment.ProcessorCount, 1, Environment.ProcessorCount);

    /// <summary>
    /// Whether the processor has AVX2 and this program was compiled not to use it, as ahead-of-time compilation does unless told otherwise:
    /// the products of training then take a hundred times as long.
    /// </summary>
    internal static bool WastesVectors => X86Base.IsSupported && !Vector256.IsHardwareAccelerated && HasAvx2;

    // Leaf 7, bit 5 of EBX.
    private static bool HasAvx2 => X86Base.CpuId(0, 0).Eax >= 7 && (X86Base.CpuId(7, 0).Ebx & (1 << 5)) != 0;

    internal static int Parse(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var threads) && threads is > 0 and <= 512
            ? threads
            : throw new InvalidOperationException($"{ThreadsVariable} must be a number from 1 to 512; found '{text}'.");

    private static int? CoreCount() =>
        OperatingSystem.IsWindows() ? PerformanceCoreCount(OperatingSystems.WindowsCores())
        : OperatingSystem.IsMacOS() ? OperatingSystems.MacNumber("hw.perflevel0.physicalcpu") ?? OperatingSystems.MacNumber("hw.physicalcpu")
        : PhysicalCoreCount(CpuFolder, StatusFile);

    /// <summary>
    /// The cores of the highest efficiency class, which are the fast ones, among the records that Windows has of its cores: a relationship
    /// (4 bytes), the record's size (4), flags (1), the class (1), and more. Null where there are none.
    /// </summary>
    internal static int? PerformanceCoreCount(ReadOnlySpan<byte> records)
    {
        var (best, count) = (-1, 0);
        while (records.Length >= 10 && BinaryPrimitives.ReadInt32LittleEndian(records[4..]) is >= 10 and var size && size <= records.Length)
        {
            if (records[9] > best)
                (best, count) = (records[9], 0);
            if (records[9] == best)
                count++;
            records = records[size..];
        }
        return count > 0 ? count : null;
    }

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
