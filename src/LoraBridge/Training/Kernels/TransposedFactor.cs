using LoraBridge.Native;

namespace LoraBridge.Training.Kernels;

/// <summary>Rows m of a factor [R, M] of an adapter as R rows of them, in borrowed memory.</summary>
internal readonly ref struct TransposedFactor
{
    private readonly Scratch _scratch;

    /// <param name="factor">The factor.</param>
    /// <param name="first">The first m.</param>
    /// <param name="count">How many.</param>
    public TransposedFactor(TensorPtr factor, int first, int count)
    {
        var rank = (int)factor.Ne(0);
        _scratch = new Scratch(rank * count);
        Rows = _scratch.Floats;
        LowRank.Transpose(factor.HostSpan<float>((long)first * rank, count * rank), Rows, count, rank);
    }

    /// <summary>Row r starts at r times the count.</summary>
    public Span<float> Rows { get; }

    public void Dispose() => _scratch.Dispose();
}
