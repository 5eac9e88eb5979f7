namespace LoraBridge.Model.Store;

/// <summary>Turns bytes into progress: how fast over the last seconds, and how long still; ten reports a second at most.</summary>
internal sealed class DownloadMeter(string model, TimeProvider clock, IProgress<ModelDownloadProgress>? progress)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    /// <summary>Speeds older than this hardly count.</summary>
    private const double Memory = 5;

    private long _finished;
    private long _mark;
    private long _markedBytes;
    private double? _speed;
    private long _reported;

    /// <summary>Bytes of all files; null when unknown.</summary>
    internal long? Total { get; set; }

    /// <summary>Something else than bytes has happened.</summary>
    internal void Tell(ModelDownloadStage stage, string? file = null, string? message = null, long current = 0, ModelDownloadPlan? plan = null) =>
        progress?.Report(new ModelDownloadProgress
        {
            Stage = stage, Model = model, File = file, Message = message, Plan = plan, BytesDone = _finished + current, BytesTotal = Total,
        });

    /// <summary>A connection begins at so many bytes: what was there before says nothing about the speed.</summary>
    internal void Begin(long current)
    {
        _mark = clock.GetTimestamp();
        _markedBytes = current;
    }

    /// <summary>So many bytes of the file at hand are there.</summary>
    internal void Advance(ModelDownloadStage stage, string file, long current)
    {
        if (progress is null || (_reported != 0 && clock.GetElapsedTime(_reported) < Interval))
            return;
        _reported = clock.GetTimestamp();
        var seconds = clock.GetElapsedTime(_mark).TotalSeconds;
        if (stage == ModelDownloadStage.Downloading && seconds >= Interval.TotalSeconds)
        {
            var weight = 1 - Math.Exp(-seconds / Memory);
            var latest = Math.Max(0, current - _markedBytes) / seconds;
            _speed = _speed is { } speed ? speed + (weight * (latest - speed)) : latest;
            Begin(current);
        }
        var done = _finished + current;
        progress.Report(new ModelDownloadProgress
        {
            Stage = stage, Model = model, File = file, BytesDone = done, BytesTotal = Total, BytesPerSecond = _speed,
            Remaining = _speed is > 0 and { } rate && Total is { } total && total >= done ? TimeSpan.FromSeconds(Math.Min((total - done) / rate, 1e8)) : null,
        });
    }

    /// <summary>A file is there.</summary>
    internal void Finish(long bytes) => _finished += bytes;
}
