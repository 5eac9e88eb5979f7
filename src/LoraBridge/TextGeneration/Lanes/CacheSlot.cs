using System.Runtime.InteropServices;

namespace LoraBridge.TextGeneration.Lanes;

/// <summary>One sequence of a context, which remembers the tokens it has read: only what is new is computed.</summary>
internal sealed class CacheSlot(Lane lane, int sequence)
{
    /// <summary>Fewer equal tokens than this are no reason to keep or copy a cache.</summary>
    internal const int WorthKeeping = 16;

    private readonly List<int> _cached = [];

    internal Lane Lane { get; } = lane;

    internal int Sequence { get; } = sequence;

    /// <summary>Whose cache it is; null: nobody's any more.</summary>
    internal InferenceClient? Owner { get; set; }

    /// <summary>The answer that is generated here now.</summary>
    internal Generation? Running { get; set; }

    /// <summary>Grows with each use.</summary>
    internal long LastUse { get; set; }

    internal int CachedCount => _cached.Count;

    /// <summary>How many tokens at the start of a text are in the cache.</summary>
    internal int CommonPrefix(List<int> window) => CollectionsMarshal.AsSpan(window).CommonPrefixLength(CollectionsMarshal.AsSpan(_cached));

    /// <summary>
    /// Keeps of the cache what a text starts with, and answers the tokens that are still to be computed: one at least, as logits are not
    /// kept. Where tokens in the middle were left out, those behind them are moved up.
    /// </summary>
    internal ReadOnlySpan<int> Align(List<int> window, bool shifts)
    {
        var known = CommonPrefix(window);
        if (known < _cached.Count && shifts)
            Shift(CollectionsMarshal.AsSpan(window)[known..], known);
        known = Math.Min(CommonPrefix(window), window.Count - 1);
        if (known < _cached.Count)
            Forget(known);
        return CollectionsMarshal.AsSpan(window)[_cached.Count..];
    }

    /// <summary>Notes tokens that were computed.</summary>
    internal void Append(ReadOnlySpan<int> tokens) => _cached.AddRange(tokens);

    /// <summary>Forgets the tokens from a position on, or all when the model cannot forget in part.</summary>
    internal void Forget(int position)
    {
        var left = Lane.Context.Truncate(position, Sequence);
        _cached.RemoveRange(left, _cached.Count - left);
    }

    /// <summary>Forgets what the context no longer holds, after it was emptied.</summary>
    internal void OnEmptied() => _cached.Clear();

    /// <summary>Becomes a copy of another slot of the context.</summary>
    internal void CopyFrom(CacheSlot other)
    {
        Lane.Context.Copy(other.Sequence, Sequence);
        _cached.Clear();
        _cached.AddRange(other._cached);
    }

    /// <summary>Moves the cache to ordinary memory.</summary>
    internal EvictedState Evict() => new([.. _cached], Lane.Context.Adapters, Lane.Context.Save(Sequence));

    /// <summary>Takes a cache back; stays empty when it does not fit.</summary>
    internal void Restore(EvictedState state)
    {
        _cached.Clear();
        if (Lane.Context.Restore(Sequence, state.Data))
            _cached.AddRange(state.Tokens);
    }

    /// <summary>Finds the rest of a text further back in the cache, and moves it to where the text has it.</summary>
    private void Shift(ReadOnlySpan<int> rest, int known)
    {
        if (rest.Length < WorthKeeping)
            return;
        var cached = CollectionsMarshal.AsSpan(_cached)[known..];
        var gap = cached.IndexOf(rest[..WorthKeeping]);
        if (gap <= 0)
            return;
        var end = known + gap + rest.CommonPrefixLength(cached[gap..]);
        if (end < _cached.Count)
            Forget(end);
        if (_cached.Count == end && Lane.Context.Shift(known, gap, Sequence))
            _cached.RemoveRange(known, gap);
    }
}
