using System.Collections.Immutable;
using LoraBridge.Model;

namespace LoraBridge.Adapters;

/// <summary>
/// The adapters that count at one moment, as they were loaded, with the bits of their scales. It is part of the identity of cached
/// state: keys and values computed under one set are stale under any other. Adapters of scale 0 do not count and are left out.
/// </summary>
internal sealed class AdapterSet : IEquatable<AdapterSet>
{
    internal static readonly AdapterSet Empty = new([]);

    private AdapterSet(ImmutableArray<(LoadedAdapter Adapter, float Scale)> entries)
    {
        Entries = entries;
        Lasting = entries.All(entry => entry.Adapter.InvocationTokens.IsEmpty)
            ? this
            : Of(entries.Where(entry => entry.Adapter.InvocationTokens.IsEmpty));
    }

    internal ImmutableArray<(LoadedAdapter Adapter, float Scale)> Entries { get; }

    /// <summary>Those that act on all tokens of a text; the others are activated by some of them, see <see cref="AdapterSpans"/>.</summary>
    internal AdapterSet Lasting { get; }

    /// <summary>Whether one of the adapters was freed meanwhile: then the set is nobody's any more.</summary>
    internal bool IsStale => Entries.Any(entry => entry.Adapter.IsFreed);

    /// <summary>A set of loaded adapters with their scales.</summary>
    internal static AdapterSet Of(IEnumerable<(LoadedAdapter Adapter, float Scale)> adapters)
    {
        ImmutableArray<(LoadedAdapter, float)> entries = [.. adapters.Where(entry => entry.Scale != 0)];
        return entries.IsEmpty ? Empty : new AdapterSet(entries);
    }

    /// <summary>Takes the scales of adapters as they are now; those that are loaded nowhere are left out.</summary>
    internal static AdapterSet Of(AdapterRegistry registry, IEnumerable<LoraAdapter> adapters) =>
        Of(adapters.Select(adapter => (registry.Find(adapter), adapter.Scale)).Where(entry => entry.Item1 is not null).Select(entry => (entry.Item1!, entry.Scale)));

    public bool Equals(AdapterSet? other) => other is not null
        && Entries.AsSpan().SequenceEqual(other.Entries.AsSpan(), EntryComparer.Instance);

    public override bool Equals(object? obj) => Equals(obj as AdapterSet);

    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (var entry in Entries)
            hash.Add(EntryComparer.Instance.GetHashCode(entry));
        return hash.ToHashCode();
    }

    private sealed class EntryComparer : IEqualityComparer<(LoadedAdapter Adapter, float Scale)>
    {
        internal static readonly EntryComparer Instance = new();

        public bool Equals((LoadedAdapter Adapter, float Scale) x, (LoadedAdapter Adapter, float Scale) y) =>
            ReferenceEquals(x.Adapter, y.Adapter) && BitConverter.SingleToInt32Bits(x.Scale) == BitConverter.SingleToInt32Bits(y.Scale);

        public int GetHashCode((LoadedAdapter Adapter, float Scale) entry) =>
            HashCode.Combine(entry.Adapter, BitConverter.SingleToInt32Bits(entry.Scale));
    }
}
