using System.Diagnostics;

namespace LoraBridge.Finetuning.Runs;

/// <summary>Times a training: all of it, and the part spent on updates.</summary>
internal sealed class RunClock
{
    private readonly long _start = Stopwatch.GetTimestamp();
    private TimeSpan _training;
    private long _tokens;
    private int _steps;

    public TimeSpan Elapsed => Stopwatch.GetElapsedTime(_start);

    /// <summary>Tokens per second of update.</summary>
    public double TokensPerSecond => _training > TimeSpan.Zero ? _tokens / _training.TotalSeconds : 0;

    public T Time<T>(long tokens, Func<T> update)
    {
        var start = Stopwatch.GetTimestamp();
        var result = update();
        _training += Stopwatch.GetElapsedTime(start);
        _tokens += tokens;
        _steps++;
        return result;
    }

    /// <summary>The time that so many more updates take, at the pace so far.</summary>
    public TimeSpan Estimate(int steps) => _steps > 0 ? Elapsed / _steps * steps : TimeSpan.Zero;
}
