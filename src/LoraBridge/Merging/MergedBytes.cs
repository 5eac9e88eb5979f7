namespace LoraBridge.Merging;

/// <summary>Some bytes of the output, in a buffer of the pool, and what merging them has measured.</summary>
internal readonly record struct MergedBytes(byte[] Buffer, int Length, MergeNorms Norms);

/// <summary>Sums of squares over the values of a tensor, or of a part of one.</summary>
/// <param name="Base">Of the base's values.</param>
/// <param name="Update">Of what the adapters add.</param>
/// <param name="Exact">Of the merged values before they are stored.</param>
/// <param name="Error">Of what storing them changed.</param>
internal readonly record struct MergeNorms(double Base, double Update, double Exact, double Error)
{
    public static MergeNorms operator +(MergeNorms a, MergeNorms b) =>
        new(a.Base + b.Base, a.Update + b.Update, a.Exact + b.Exact, a.Error + b.Error);

    internal double RelativeChange => Base > 0 ? Math.Sqrt(Update / Base) : 0;

    internal double QuantizationError => Exact > 0 ? Math.Sqrt(Error / Exact) : 0;
}
