using System.Diagnostics;

namespace LoraBridge.Finetuning.Runs;

/// <summary>Times a training: all of it, and the part spent on updates.</summary>
internal sealed class RunClock
{
    private readonly long _start = Stopwatch.GetTimestamp();
    private long? _firstUpdate;
    private TimeSpan _training;
    private long _tokens;
    private int _steps;

    public TimeSpan Elapsed => Stopwatch.GetElapsedTime(_start);

    /// <summary>Tokens per second of update.</summary>
    public double TokensPerSecond => _training > TimeSpan.Zero ? _tokens / _training.TotalSeconds : 0;

    public T Time<T>(long tokens, Func<T> update)
    {
        var start = Stopwatch.GetTimestamp();
        _firstUpdate ??= start;
        var result = update();
        _training += Stopwatch.GetElapsedTime(start);
        _tokens += tokens;
        _steps++;
        return result;
    }

    /// <summary>The time that so many more updates take, with what lies between them, at the pace so far.</summary>
    public TimeSpan Estimate(int steps) =>
        _firstUpdate is { } start && _steps > 0 ? Stopwatch.GetElapsedTime(start) / _steps * steps : TimeSpan.Zero;
}
