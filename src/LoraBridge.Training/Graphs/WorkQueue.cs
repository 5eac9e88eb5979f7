namespace LoraBridge.Training.Graphs;

/// <summary>
/// The work of one operation, shared among its threads: each takes the next piece from one counter until none is left. No core waits for a
/// slower one, or for one that does something else, longer than a piece takes; what is computed does not depend on who takes what.
/// </summary>
internal sealed class WorkQueue(ITensorKernel kernel)
{
    /// <summary>Pieces for each thread where items are taken several at a time: what is left to wait for at the end is a sixteenth.</summary>
    private const int PiecesPerWorker = 16;

    private readonly Lock _sharing = new();
    private object? _shared;
    private long _next;
    private int _nextPreparation;
    private int _prepared;

    /// <summary>How many threads share the work.</summary>
    public int Workers { get; private set; } = 1;

    /// <summary>Memory for what threads of one operation share; it is another operation's when this one is done.</summary>
    public ScratchMemory Memory { get; private set; } = new();

    /// <summary>Prepares for a computation; no thread takes part in one now.</summary>
    public void Start(ScratchMemory memory) => (Memory, _next, _shared, _nextPreparation, _prepared) = (memory, 0, null, 0, 0);

    /// <summary>Takes part in a computation.</summary>
    /// <param name="result">The tensor to fill.</param>
    /// <param name="worker">Which thread this is; it does not matter.</param>
    /// <param name="workers">How many threads there are.</param>
    public void Run(TensorPtr result, int worker, int workers)
    {
        Workers = workers;
        kernel.Compute(result, this);
    }

    /// <summary>Takes the next of <paramref name="count"/> items.</summary>
    /// <returns>Whether there was one left.</returns>
    public bool TryTake(long count, out long item) => (item = Interlocked.Increment(ref _next) - 1) < count;

    /// <summary>The items that this thread gets of <paramref name="count"/>.</summary>
    public WorkItems Items(long count) => new(this, count, Math.Max(1, count / (PiecesPerWorker * Workers)));

    /// <summary>The ranges that this thread gets of <paramref name="count"/> items.</summary>
    /// <param name="count">All items.</param>
    /// <param name="grain">Items that are not to be parted.</param>
    public WorkRanges Ranges(long count, long grain)
    {
        var grains = (count + grain - 1) / grain;
        return new WorkRanges(this, count, grain * Math.Max(1, grains / (PiecesPerWorker * Workers)));
    }

    /// <summary>The ranges of exactly <paramref name="size"/> items, but for the last, that this thread gets of <paramref name="count"/>.</summary>
    public WorkRanges Pieces(long count, long size) => new(this, count, size);

    /// <summary>
    /// Does, together with the other threads, what all of them need before they go on: some pieces of it, and then waits for those that others are at.
    /// It is for one preparation in each computation.
    /// </summary>
    /// <param name="count">All pieces.</param>
    /// <param name="prepare">Does the piece of a number.</param>
    public void Prepare(int count, Action<int> prepare)
    {
        for (int piece; (piece = Interlocked.Increment(ref _nextPreparation) - 1) < count;)
            try
            {
                prepare(piece);
            }
            finally
            {
                // Whoever fails has others not wait for it: the exception tells that the result is of no use.
                Interlocked.Increment(ref _prepared);
            }
        WaitFor(ref _prepared, count);
    }

    /// <summary>Waits until other threads have counted up to <paramref name="all"/>.</summary>
    public static void WaitFor(ref int done, int all)
    {
        var wait = new SpinWait();
        while (Volatile.Read(ref done) < all)
            wait.SpinOnce(sleep1Threshold: -1);
    }

    /// <summary>What all threads of this computation use together, made by the first that asks.</summary>
    public T Share<T>(Func<WorkQueue, T> create) where T : class
    {
        if (Volatile.Read(ref _shared) is T made)
            return made;
        lock (_sharing)
        {
            var shared = (T?)_shared ?? create(this);
            Volatile.Write(ref _shared, shared);
            return shared;
        }
    }
}

/// <summary>Items, one by one.</summary>
internal struct WorkItems(WorkQueue work, long count, long grain)
{
    private WorkRanges _ranges = new(work, count, grain);
    private long _end;

    public long Current { get; private set; } = -1;

    public readonly WorkItems GetEnumerator() => this;

    public bool MoveNext()
    {
        if (++Current < _end)
            return true;
        if (!_ranges.MoveNext())
            return false;
        (Current, _end) = (_ranges.Current.Start, _ranges.Current.End);
        return true;
    }
}

/// <summary>Ranges of items, each as long as the others but for the last.</summary>
internal struct WorkRanges(WorkQueue work, long count, long grain)
{
    public WorkRange Current { get; private set; }

    public readonly WorkRanges GetEnumerator() => this;

    public bool MoveNext()
    {
        if (!work.TryTake((count + grain - 1) / grain, out var piece))
            return false;
        Current = WorkRange.Of(piece, grain, count);
        return true;
    }
}

/// <summary>The items [<paramref name="Start"/>, <paramref name="End"/>).</summary>
internal readonly record struct WorkRange(long Start, long End)
{
    public int Length => (int)(End - Start);

    /// <summary>The range of a number, of those that are <paramref name="size"/> items long each, but for the last of <paramref name="count"/>.</summary>
    public static WorkRange Of(long index, long size, long count) => new(index * size, Math.Min(count, (index + 1) * size));
}

/// <summary>Memory that operations use one after the other.</summary>
internal sealed class ScratchMemory
{
    private Memory<int> _words;

    /// <summary>At least <paramref name="count"/> numbers of 32 bits, of any value, from the start of a cache line on.</summary>
    public Memory<int> Words(int count)
    {
        if (_words.Length < count)
        {
            var pinned = GC.AllocateUninitializedArray<int>(count + CacheLine.Words, pinned: true);
            _words = pinned.AsMemory(CacheLine.Start(ref pinned[0]), count);
        }
        return _words;
    }
}
