using System.Diagnostics;

namespace LoraBridge.Cli.Benchmarking;

/// <summary>What measurements have in common.</summary>
internal static class BenchmarkProcess
{
    /// <summary>The most memory that this process has had resident, in bytes, pages of mapped files included.</summary>
    public static long PeakMemory()
    {
        using var process = Process.GetCurrentProcess();
        return process.PeakWorkingSet64;
    }

    /// <summary>The time that <paramref name="work"/> takes, in seconds.</summary>
    public static double Seconds(Action work)
    {
        var start = Stopwatch.GetTimestamp();
        work();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    /// <summary>The middle one of some measurements, or the mean of the two in the middle.</summary>
    public static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
