namespace LoraBridge.Training.Tests.Kernels;

/// <summary>A replay of threads that take pieces of work from one counter.</summary>
internal static class SharedWork
{
    /// <summary>Threads of some machines, and how many of them take twice as long as the others.</summary>
    public static IReadOnlyList<(int All, int Slow)> Machines { get; } =
        [(4, 0), (6, 0), (8, 0), (12, 0), (14, 0), (16, 0), (24, 0), (8, 4), (12, 4), (16, 8), (24, 16)];

    /// <summary>Speeds of the threads of a machine.</summary>
    public static double[] SpeedsOf(int all, int slow) => [.. Enumerable.Range(0, all).Select(thread => thread < all - slow ? 1 : 0.5)];

    /// <summary>Threads take pieces in their order, as soon as they are free.</summary>
    /// <param name="pieces">What each costs.</param>
    /// <param name="speeds">Of the threads.</param>
    /// <returns>The work of all, and when the last is done.</returns>
    public static (double Work, double Time) Replay(IEnumerable<double> pieces, double[] speeds)
    {
        var free = new double[speeds.Length];
        var work = 0.0;
        foreach (var cost in pieces)
        {
            var thread = Array.IndexOf(free, free.Min());
            free[thread] += cost / speeds[thread];
            work += cost;
        }
        return (work, free.Max());
    }

    /// <summary>Fails unless threads are busy for 93 % of the time of some operations together.</summary>
    /// <param name="operations">The pieces of each, for a number of threads.</param>
    /// <param name="what">What these are.</param>
    public static void AssertBusy(IEnumerable<Func<int, IEnumerable<double>>> operations, string what)
    {
        foreach (var (all, slow) in Machines)
        {
            var speeds = SpeedsOf(all, slow);
            var replays = operations.Select(pieces => Replay(pieces(speeds.Length), speeds)).ToList();
            var utilisation = replays.Sum(replay => replay.Work) / (replays.Sum(replay => replay.Time) * speeds.Sum());
            Assert.True(utilisation >= 0.93, $"{what}, {all} threads of which {slow} are slow: {utilisation:F3}.");
        }
    }
}
