namespace LoraBridge.Model;

/// <summary>
/// How the conversations on one model share its contexts. A context keeps the caches of some conversations that use the same adapters,
/// and computes their next tokens together.
/// </summary>
public sealed record InferenceOptions
{
    private readonly int _sequencesPerContext = 1;
    private readonly int _maximumContexts = 16;
    private readonly int _maximumQueueLength = 1024;
    private readonly long _evictedStateBytes = 1L << 30;

    /// <summary>
    /// Conversations (sequences) per context: 1 unless set. With more, responses to several clients are generated together, at several times
    /// the speed; each context then takes the memory of that many KV caches from the start.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">Not 1 to 64.</exception>
    public int SequencesPerContext
    {
        get => _sequencesPerContext;
        init => _sequencesPerContext = value is >= 1 and <= 64 ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "Expected 1 to 64.");
    }

    /// <summary>
    /// Contexts at the same time: at most one for each conversation, and 16 unless set. If there are more conversations or adapter sets, the
    /// caches of idle ones are moved to main memory.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">Below 1.</exception>
    public int MaximumContexts
    {
        get => _maximumContexts;
        init => _maximumContexts = value >= 1 ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "Expected 1 or more.");
    }

    /// <summary>
    /// Computes the conversations of a context one after another: a response does not depend, bit for bit, on what else is served. Computed
    /// together, logits differ in their last bits, because sums are added in another order. Has no effect while
    /// <see cref="SequencesPerContext"/> is 1.
    /// </summary>
    public bool Deterministic { get; init; }

    /// <summary>Responses that may wait in the queue: 1024 unless set. Beyond that, <see cref="InferenceQueueFullException"/> is thrown.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Below 1.</exception>
    public int MaximumQueueLength
    {
        get => _maximumQueueLength;
        init => _maximumQueueLength = value >= 1 ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "Expected 1 or more.");
    }

    /// <summary>
    /// Bytes for the KV caches of conversations that had to leave their context: 1 GiB unless set. What does not fit is computed again.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">Negative.</exception>
    public long EvictedStateBytes
    {
        get => _evictedStateBytes;
        init => _evictedStateBytes = value >= 0 ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "Expected 0 or more.");
    }
}
