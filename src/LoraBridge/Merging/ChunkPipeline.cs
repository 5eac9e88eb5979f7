namespace LoraBridge.Merging;

/// <summary>
/// Computes chunks on several threads and hands them out in order, never more than a few ahead of the one that is wanted: the
/// caller writes while the next chunks are read and computed.
/// </summary>
internal sealed class ChunkPipeline<T> : IDisposable
{
    private readonly Queue<Task<T>> _window = new();
    private readonly IEnumerator<Func<T>> _chunks;
    private readonly TaskScheduler _scheduler;
    private readonly int _depth;
    private readonly CancellationTokenSource _stop;

    /// <param name="chunks">The work, in the order of the results; enumerated on the calling thread.</param>
    /// <param name="threads">How many chunks are computed at once.</param>
    /// <param name="cancellationToken">Stops between two chunks.</param>
    internal ChunkPipeline(IEnumerable<Func<T>> chunks, int threads, CancellationToken cancellationToken)
    {
        _chunks = chunks.GetEnumerator();
        _scheduler = new ConcurrentExclusiveSchedulerPair(TaskScheduler.Default, threads).ConcurrentScheduler;
        // One more than is computed: a thread that is done need not wait for the writer.
        _depth = threads * 2;
        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
    }

    /// <summary>Waits for the next chunk.</summary>
    /// <exception cref="InvalidOperationException">There is no further chunk.</exception>
    internal T Next()
    {
        while (_window.Count < _depth && _chunks.MoveNext())
            _window.Enqueue(Task.Factory.StartNew(_chunks.Current, _stop.Token, TaskCreationOptions.None, _scheduler));
        return _window.Dequeue().GetAwaiter().GetResult();
    }

    /// <summary>Waits for what is being computed, so that nothing reads a file that is closed next.</summary>
    public void Dispose()
    {
        _stop.Cancel();
        foreach (var task in _window)
            ((IAsyncResult)task).AsyncWaitHandle.WaitOne();
        _chunks.Dispose();
        _stop.Dispose();
    }
}
