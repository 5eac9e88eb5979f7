using LoraBridge.Native;

namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>Some m of a factor B [R, M] of an adapter as R rows of them, in borrowed memory.</summary>
internal readonly ref struct TransposedFactor
{
    /// <summary>Keeps the rows from starting at multiples of a power of two, where they would compete for the same places in the cache.</summary>
    private const int Padding = 16;

    private readonly Scratch _scratch;

    /// <param name="factor">The factor.</param>
    /// <param name="first">The first m.</param>
    /// <param name="count">How many.</param>
    public TransposedFactor(TensorPtr factor, int first, int count)
    {
        var rank = (int)factor.Ne(0);
        Stride = count + Padding;
        _scratch = new Scratch(rank * Stride);
        Rows = _scratch.Floats;
        LowRank.Transpose(factor.HostSpan<float>((long)first * rank, count * rank), Rows, Stride, count, rank);
    }

    /// <summary>Row r starts at r <see cref="Stride"/>.</summary>
    public Span<float> Rows { get; }

    public int Stride { get; }

    public void Dispose() => _scratch.Dispose();
}
