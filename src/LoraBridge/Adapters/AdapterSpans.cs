using System.Collections.Immutable;

namespace LoraBridge.Adapters;

/// <summary>
/// Which adapters act on which tokens of a text: most on all of them, activated ones (aLoRA) from the last place on where their invocation
/// tokens stand, and not at all where these are missing. Paper: <see href="https://arxiv.org/abs/2504.12397"/>.
/// </summary>
internal sealed class AdapterSpans
{
    private readonly ImmutableArray<(int Start, AdapterSet Adapters)> _spans;

    private AdapterSpans(ImmutableArray<(int Start, AdapterSet Adapters)> spans) => _spans = spans;

    /// <summary>The first token on which an activated adapter acts; <see cref="int.MaxValue"/> when none does.</summary>
    internal int FirstActivation => _spans.Length > 1 ? _spans[1].Start : int.MaxValue;

    /// <summary>Looks for the invocation tokens of adapters in a text.</summary>
    internal static AdapterSpans Of(AdapterSet adapters, ReadOnlySpan<int> text)
    {
        var spans = ImmutableArray.CreateBuilder<(int, AdapterSet)>();
        spans.Add((0, adapters.Lasting));
        var activations = new SortedSet<int>();
        var starts = new int[adapters.Entries.Length];
        for (var i = 0; i < starts.Length; i++)
        {
            var invocation = adapters.Entries[i].Adapter.InvocationTokens.AsSpan();
            starts[i] = invocation.IsEmpty ? 0 : text.LastIndexOf(invocation);
            if (!invocation.IsEmpty && starts[i] >= 0)
                activations.Add(starts[i]);
        }
        foreach (var start in activations)
            spans.Add((start, AdapterSet.Of(adapters.Entries.Where((_, i) => starts[i] >= 0 && starts[i] <= start))));
        return new AdapterSpans(Merged(spans));
    }

    /// <summary>The adapters that act on the token at a position.</summary>
    internal AdapterSet At(int position) => _spans[IndexOf(position)].Adapters;

    /// <summary>The first position behind this one where others act; <see cref="int.MaxValue"/> when that is nowhere.</summary>
    internal int EndOf(int position) => IndexOf(position) + 1 is var next && next < _spans.Length ? _spans[next].Start : int.MaxValue;

    /// <summary>How many tokens at the start have the same adapters in both texts.</summary>
    internal int CommonPrefix(AdapterSpans other)
    {
        var position = 0;
        while (position < int.MaxValue && At(position).Equals(other.At(position)))
            position = Math.Min(EndOf(position), other.EndOf(position));
        return position;
    }

    /// <summary>The spans of the text without some of its tokens.</summary>
    internal AdapterSpans Without(int start, int count) => new(Merged(
        _spans.Select(span => (span.Start <= start ? span.Start : Math.Max(start, span.Start - count), span.Adapters))));

    /// <summary>Of spans that start at the same place the last one: the others have no tokens.</summary>
    private static ImmutableArray<(int Start, AdapterSet Adapters)> Merged(IEnumerable<(int Start, AdapterSet Adapters)> spans)
    {
        var merged = ImmutableArray.CreateBuilder<(int Start, AdapterSet Adapters)>();
        foreach (var span in spans)
        {
            if (merged is [.., { Start: var previous }] && previous == span.Start)
                merged.RemoveAt(merged.Count - 1);
            merged.Add(span);
        }
        return merged.ToImmutable();
    }

    private int IndexOf(int position)
    {
        var index = _spans.Length - 1;
        while (_spans[index].Start > position)
            index--;
        return index;
    }
}
