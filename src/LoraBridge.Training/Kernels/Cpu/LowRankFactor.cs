using LoraBridge.Native;

namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>Some columns of an adapter's factor as R rows of them: of A [D, R] as they lie, of B [R, M] transposed into borrowed memory.</summary>
internal readonly ref struct LowRankFactor
{
    /// <summary>Keeps the rows from starting at multiples of a power of two, where they would compete for the same places in the cache.</summary>
    private const int Padding = 16;

    private readonly Scratch _scratch;
    private readonly bool _isBorrowed;

    private LowRankFactor(TensorPtr factor, int rank, bool liesInRows, int first, int count)
    {
        if (liesInRows)
        {
            Rows = factor.Floats[first..];
            Stride = (int)factor.Ne(0);
            return;
        }
        Stride = count + Padding;
        _scratch = new Scratch(rank * Stride);
        _isBorrowed = true;
        Rows = _scratch.Floats;
        LowRank.Transpose(factor.HostSpan<float>((long)first * rank, count * rank), Rows, Stride, count, rank);
    }

    /// <summary>Row r starts at r <see cref="Stride"/>.</summary>
    public Span<float> Rows { get; }

    public int Stride { get; }

    /// <param name="factor">A or B, contiguous.</param>
    /// <param name="rank">R.</param>
    /// <param name="liesInRows">Whether it is A.</param>
    /// <param name="first">The first column.</param>
    /// <param name="count">How many.</param>
    public static LowRankFactor Of(TensorPtr factor, int rank, bool liesInRows, int first, int count) => new(factor, rank, liesInRows, first, count);

    public void Dispose()
    {
        if (_isBorrowed)
            _scratch.Dispose();
    }
}
