using System.Buffers;
using LoraBridge.Native;

namespace LoraBridge.Training.Kernels;

/// <summary>A factor [R, M] of an adapter as R rows of M elements, in borrowed memory.</summary>
internal readonly ref struct TransposedFactor
{
    private readonly float[] _buffer;

    public TransposedFactor(TensorPtr factor)
    {
        var (rank, m) = ((int)factor.Ne(0), (int)factor.Ne(1));
        _buffer = ArrayPool<float>.Shared.Rent(rank * m);
        Rows = _buffer.AsSpan(0, rank * m);
        LowRank.Transpose(factor.Floats, Rows, m, rank);
    }

    /// <summary>Row r starts at r M.</summary>
    public Span<float> Rows { get; }

    public void Dispose() => ArrayPool<float>.Shared.Return(_buffer);
}
