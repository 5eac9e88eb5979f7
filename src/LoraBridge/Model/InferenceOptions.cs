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
    /// Conversations in one context: 1 unless set. With more, answers to several clients are generated together, at a multiple of the
    /// speed; each context then takes the memory of so many caches from the start.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">Not 1 to 64.</exception>
    public int SequencesPerContext
    {
        get => _sequencesPerContext;
        init => _sequencesPerContext = value is >= 1 and <= 64 ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "Expected 1 to 64.");
    }

    /// <summary>
    /// Contexts at the same time: at most one for each conversation, and 16 unless set. Where conversations or adapter sets are more, the
    /// caches of those that rest are moved to ordinary memory.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">Below 1.</exception>
    public int MaximumContexts
    {
        get => _maximumContexts;
        init => _maximumContexts = value >= 1 ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "Expected 1 or more.");
    }

    /// <summary>
    /// Compute the conversations of a context one after the other: an answer does not depend on who else is served, bit for bit. Together
    /// they differ in the last bits, as sums are added in another order. Without effect while <see cref="SequencesPerContext"/> is 1.
    /// </summary>
    public bool Deterministic { get; init; }

    /// <summary>Answers that may wait for their turn: 1024 unless set. Beyond that, <see cref="InferenceQueueFullException"/> is thrown.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Below 1.</exception>
    public int MaximumQueueLength
    {
        get => _maximumQueueLength;
        init => _maximumQueueLength = value >= 1 ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "Expected 1 or more.");
    }

    /// <summary>Bytes for the caches of conversations that had to leave their context: 1 GiB unless set. Without room, they are read again.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Negative.</exception>
    public long EvictedStateBytes
    {
        get => _evictedStateBytes;
        init => _evictedStateBytes = value >= 0 ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "Expected 0 or more.");
    }
}
