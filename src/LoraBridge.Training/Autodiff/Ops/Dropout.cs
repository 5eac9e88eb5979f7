using LoraBridge.Native;
using LoraBridge.Training.Graphs;
using LoraBridge.Training.Kernels.Cpu;

namespace LoraBridge.Training.Autodiff.Ops;

/// <summary>
/// x [D, ...], y = x ∘ m / (1 - p), where m is 0 with probability p and else 1. dx = dy ∘ m / (1 - p).
/// Srivastava et al., <see href="https://jmlr.org/papers/v15/srivastava14a.html"/>.
/// </summary>
/// <param name="noise">Where m comes from; it may turn to another row between two computations.</param>
/// <param name="stream">Tells uses of the same row's numbers apart.</param>
internal sealed class Dropout(RowNoise noise, ulong stream) : ITensorKernel, IGradientRule
{
    /// <summary>Bits that decide on one element; p is rounded to as many.</summary>
    private const int Bits = 16;
    private const int PerWord = 64 / Bits;

    private readonly uint _threshold = (uint)MathF.Round(noise.Dropout * (1 << Bits));

    /// <summary>The key of the row that is computed.</summary>
    public ulong Key => noise.Key(stream);

    public void Compute(TensorPtr result, WorkQueue work)
    {
        var key = Key;
        foreach (var row in work.Items(result.Shape.Rows))
            Drop(key, row, result.Source(0).Row(row), result.Row(row));
    }

    public void Backward(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        var x = y.Source(0);
        if (pass.Needs(x))
            pass.Add(x, pass.Builder.Custom(this, x.Shape, dy));
    }

    /// <summary>Row number <paramref name="row"/> of the tensor: 0 with probability p, and else x / (1 - p).</summary>
    public void Drop(ulong key, long row, ReadOnlySpan<float> x, Span<float> result)
    {
        var factor = (1 << Bits) / (float)((1 << Bits) - _threshold);
        var words = (x.Length + PerWord - 1) / PerWord;
        var word = 0UL;
        for (var i = 0; i < x.Length; i++, word >>= Bits)
        {
            if (i % PerWord == 0)
                word = RowNoise.Bits(key, row * words + i / PerWord);
            result[i] = (word & ((1 << Bits) - 1)) < _threshold ? 0 : x[i] * factor;
        }
    }
}

/// <summary>What <see cref="Dropout"/> multiplies by: 0 with probability p, and else 1 / (1 - p).</summary>
/// <inheritdoc cref="Dropout"/>
internal sealed class DropoutMask(RowNoise noise, ulong stream) : ITensorKernel
{
    private readonly Dropout _dropout = new(noise, stream);

    public void Compute(TensorPtr result, WorkQueue work)
    {
        var key = _dropout.Key;
        foreach (var row in work.Items(result.Shape.Rows))
        {
            var mask = result.Row(row);
            mask.Fill(1);
            _dropout.Drop(key, row, mask, mask);
        }
    }
}
