namespace LoraBridge.Training.Graphs;

/// <summary>Extents of a tensor in ggml order: <c>[ne0, ne1, ne2, ne3]</c>, ne0 contiguous.</summary>
internal readonly record struct Shape(long Ne0, long Ne1 = 1, long Ne2 = 1, long Ne3 = 1)
{
    public const int Dimensions = 4;

    public long Count => Ne0 * Ne1 * Ne2 * Ne3;

    /// <summary>Rows of ne0 elements.</summary>
    public long Rows => Ne1 * Ne2 * Ne3;

    public long this[int dimension] => dimension switch
    {
        0 => Ne0,
        1 => Ne1,
        2 => Ne2,
        3 => Ne3,
        _ => throw new ArgumentOutOfRangeException(nameof(dimension), dimension, "A tensor has dimensions 0 to 3."),
    };

    public static Shape Of(TensorPtr tensor) => new(tensor.Ne(0), tensor.Ne(1), tensor.Ne(2), tensor.Ne(3));

    public static Shape Of(ReadOnlySpan<long> extents) => new(extents[0], extents[1], extents[2], extents[3]);

    /// <summary>Whether each extent of <paramref name="larger"/> is a whole multiple of this one's: ggml's rule for broadcasting.</summary>
    public bool BroadcastsTo(Shape larger)
    {
        for (var i = 0; i < Dimensions; i++)
            if (this[i] == 0 || larger[i] % this[i] != 0)
                return false;
        return true;
    }

    public override string ToString() => (Ne1, Ne2, Ne3) switch
    {
        (1, 1, 1) => $"[{Ne0}]",
        (_, 1, 1) => $"[{Ne0}, {Ne1}]",
        (_, _, 1) => $"[{Ne0}, {Ne1}, {Ne2}]",
        _ => $"[{Ne0}, {Ne1}, {Ne2}, {Ne3}]",
    };
}
