using System.Runtime.InteropServices;
using LoraBridge.Adapters;

namespace LoraBridge.TextGeneration.Lanes;

/// <summary>One sequence of a context, which remembers the tokens it has read: only what is new is computed.</summary>
internal sealed class CacheSlot(Lane lane, int sequence)
{
    /// <summary>Fewer equal tokens than this are no reason to keep or copy a cache.</summary>
    internal const int WorthKeeping = 16;

    private readonly List<int> _cached = [];
    private AdapterSpans? _spans;

    internal Lane Lane { get; } = lane;

    internal int Sequence { get; } = sequence;

    /// <summary>Whose cache it is; null: nobody's any more.</summary>
    internal InferenceClient? Owner { get; set; }

    /// <summary>The answer that is generated here now.</summary>
    internal Generation? Running { get; set; }

    /// <summary>Grows with each use.</summary>
    internal long LastUse { get; set; }

    internal int CachedCount => _cached.Count;

    /// <summary>How many tokens at the start of what an answer depends on are in the cache, computed with the adapters that act on them.</summary>
    internal int CommonPrefix(Generation generation)
    {
        var tokens = CollectionsMarshal.AsSpan(generation.Window).CommonPrefixLength(CollectionsMarshal.AsSpan(_cached));
        return _spans is null || ReferenceEquals(_spans, generation.Spans) ? tokens : Math.Min(tokens, _spans.CommonPrefix(generation.Spans));
    }

    /// <summary>
    /// Keeps of the cache what an answer depends on, and returns how many tokens are still to be computed: one at least, as logits are not
    /// kept. Where tokens in the middle were left out, those behind them are moved up.
    /// </summary>
    internal int Align(Generation generation)
    {
        var window = CollectionsMarshal.AsSpan(generation.Window);
        var known = CommonPrefix(generation);
        if (known < _cached.Count && generation.Shifts)
            Shift(window[known..], known);
        known = Math.Min(CommonPrefix(generation), window.Length - 1);
        if (known < _cached.Count)
            Forget(known);
        _spans = generation.Spans;
        return window.Length - _cached.Count;
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
        _spans = other._spans;
    }

    /// <summary>
    /// Moves the cache to ordinary memory, null when it is empty. What activated adapters have computed stays behind: the next text has
    /// their invocation tokens somewhere else.
    /// </summary>
    internal EvictedState? Evict()
    {
        if (_spans?.FirstActivation < _cached.Count)
            Forget(_spans.FirstActivation);
        return _cached.Count > 0 ? new EvictedState([.. _cached], Lane.Adapters, Lane.Context.Save(Sequence)) : null;
    }

    /// <summary>Takes a cache back; stays empty when it does not fit.</summary>
    internal void Restore(EvictedState state)
    {
        _cached.Clear();
        _spans = AdapterSpans.Of(state.Adapters, []);
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
        {
            _cached.RemoveRange(known, gap);
            _spans = _spans?.Without(known, gap);
        }
    }
}
