using System.Collections.Immutable;
using LoraBridge.Model;

namespace LoraBridge.Adapters;

/// <summary>
/// The adapters that count at one moment, with the bits of their scales. It is part of the identity of cached state: keys and values
/// computed under one set are stale under any other. Adapters of scale 0 do not count and are left out.
/// </summary>
internal sealed class AdapterSet : IEquatable<AdapterSet>
{
    internal static readonly AdapterSet Empty = new([]);

    private AdapterSet(ImmutableArray<(LoraAdapter Adapter, float Scale)> entries) => Entries = entries;

    internal ImmutableArray<(LoraAdapter Adapter, float Scale)> Entries { get; }

    /// <summary>Takes the scales as they are now.</summary>
    internal static AdapterSet Snapshot(IEnumerable<LoraAdapter> adapters)
    {
        ImmutableArray<(LoraAdapter, float)> entries =
            [.. adapters.Select(adapter => (adapter, adapter.Scale)).Where(entry => entry.Scale != 0)];
        return entries.IsEmpty ? Empty : new AdapterSet(entries);
    }

    public bool Equals(AdapterSet? other) => other is not null
        && Entries.AsSpan().SequenceEqual(other.Entries.AsSpan(), EntryComparer.Instance);

    public override bool Equals(object? obj) => Equals(obj as AdapterSet);

    public override int GetHashCode() => Entries.Length == 0 ? 0 : HashCode.Combine(Entries.Length, Entries[0].Adapter, Entries[0].Scale);

    private sealed class EntryComparer : IEqualityComparer<(LoraAdapter Adapter, float Scale)>
    {
        internal static readonly EntryComparer Instance = new();

        public bool Equals((LoraAdapter Adapter, float Scale) x, (LoraAdapter Adapter, float Scale) y) =>
            ReferenceEquals(x.Adapter, y.Adapter) && BitConverter.SingleToInt32Bits(x.Scale) == BitConverter.SingleToInt32Bits(y.Scale);

        public int GetHashCode((LoraAdapter Adapter, float Scale) entry) => HashCode.Combine(entry.Adapter, entry.Scale);
    }
}
