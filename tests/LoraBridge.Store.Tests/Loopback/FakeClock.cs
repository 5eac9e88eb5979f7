namespace LoraBridge.Store.Tests.Loopback;

/// <summary>
/// A clock on which waits take no time: a timer is due at once and the clock jumps to then, except for those that watch over a silent
/// connection, which fire when a test says that the network was silent for so long.
/// </summary>
internal sealed class FakeClock : TimeProvider
{
    internal static readonly TimeSpan Watch = TimeSpan.FromSeconds(30);

    private readonly Lock _gate = new();
    private readonly Dictionary<Timer, long> _watches = [];
    private readonly List<TimeSpan> _waits = [];
    private long _ticks = new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc).Ticks;

    /// <summary>How long was waited, one by one.</summary>
    internal TimeSpan[] Waits
    {
        get
        {
            lock (_gate)
                return [.. _waits];
        }
    }

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => Interlocked.Read(ref _ticks);

    public override DateTimeOffset GetUtcNow() => new(GetTimestamp(), TimeSpan.Zero);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(this, () => callback(state));
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>The network is silent for so long that who watches over a connection gives up.</summary>
    internal void FireWatches() => Advance(Watch);

    /// <summary>Time passes; watches that are due by then fire.</summary>
    internal void Advance(TimeSpan time)
    {
        var now = Interlocked.Add(ref _ticks, time.Ticks);
        Timer[] due;
        lock (_gate)
        {
            due = [.. _watches.Where(watch => watch.Value <= now).Select(watch => watch.Key)];
            Array.ForEach(due, timer => _watches.Remove(timer));
        }
        Array.ForEach(due, timer => timer.Fire());
    }

    private sealed class Timer(FakeClock clock, Action fire) : ITimer
    {
        internal void Fire() => ThreadPool.QueueUserWorkItem(_ => fire());

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (clock._gate)
            {
                clock._watches.Remove(this);
                if (dueTime == Watch)
                    clock._watches[this] = clock.GetTimestamp() + Watch.Ticks;
                if (dueTime == Watch || dueTime == Timeout.InfiniteTimeSpan)
                    return true;
                clock._waits.Add(dueTime);
            }
            clock.Advance(dueTime);
            Fire();
            return true;
        }

        public void Dispose()
        {
            lock (clock._gate)
                clock._watches.Remove(this);
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
