using LoraBridge.Native;

namespace LoraBridge.Training.Kernels;

/// <summary>A factor [R, M] of an adapter as R rows of M elements, in borrowed memory.</summary>
internal readonly ref struct TransposedFactor
{
    private readonly Scratch _scratch;

    public TransposedFactor(TensorPtr factor)
    {
        var (rank, m) = ((int)factor.Ne(0), (int)factor.Ne(1));
        _scratch = new Scratch(rank * m);
        Rows = _scratch.Floats;
        LowRank.Transpose(factor.Floats, Rows, m, rank);
    }

    /// <summary>Row r starts at r M.</summary>
    public Span<float> Rows { get; }

    public void Dispose() => _scratch.Dispose();
}
