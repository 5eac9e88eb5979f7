using System.Runtime.InteropServices;
using LoraBridge.Training.Graphs;

namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>Some columns of an adapter's factor as R rows of them: of A [D, R] as they lie, of B [R, M] transposed into borrowed memory.</summary>
internal readonly ref struct LowRankFactor
{
    /// <summary>Keeps the rows from starting at multiples of a power of two, where they would compete for the same places in the cache.</summary>
    private const int Padding = 16;

    /// <summary>Columns that a thread transposes at a time, where all need them.</summary>
    private const int Piece = 256;

    private readonly Scratch _scratch;
    private readonly bool _isBorrowed;

    private LowRankFactor(Span<float> rows, int stride)
    {
        Rows = rows;
        Stride = stride;
    }

    private LowRankFactor(TensorPtr b, int rank, int first, int count)
    {
        Stride = count + Padding;
        _scratch = new Scratch(rank * Stride);
        _isBorrowed = true;
        Rows = _scratch.Floats;
        LowRank.Transpose(b.HostSpan<float>((long)first * rank, count * rank), Rows, Stride, count, rank);
    }

    /// <summary>Row r starts at r <see cref="Stride"/>.</summary>
    public Span<float> Rows { get; }

    public int Stride { get; }

    /// <param name="factor">A or B, contiguous.</param>
    /// <param name="rank">R.</param>
    /// <param name="liesInRows">Whether it is A.</param>
    /// <param name="first">The first column.</param>
    /// <param name="count">How many.</param>
    public static LowRankFactor Of(TensorPtr factor, int rank, bool liesInRows, int first, int count) =>
        liesInRows ? new(factor.Floats[first..], (int)factor.Ne(0)) : new(factor, rank, first, count);

    /// <summary>All columns, for all threads of an operation: transposed once, by all of them.</summary>
    public static LowRankFactor Shared(WorkQueue work, TensorPtr factor, int rank, bool liesInRows)
    {
        if (liesInRows)
            return new(factor.Floats, (int)factor.Ne(0));
        var width = (int)factor.Ne(1);
        var stride = width + Padding;
        var memory = work.Share(queue => new SharedRows(queue.Memory.Words(rank * stride))).Words;
        work.Prepare((width + Piece - 1) / Piece, piece =>
        {
            var (first, count) = (piece * Piece, Math.Min(Piece, width - piece * Piece));
            LowRank.Transpose(
                factor.HostSpan<float>((long)first * rank, count * rank), MemoryMarshal.Cast<int, float>(memory.Span)[first..], stride, count, rank);
        });
        return new(MemoryMarshal.Cast<int, float>(memory.Span), stride);
    }

    public void Dispose()
    {
        if (_isBorrowed)
            _scratch.Dispose();
    }

    private sealed record SharedRows(Memory<int> Words);
}
