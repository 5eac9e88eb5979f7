using LoraBridge.Training.Graphs;
using LoraBridge.Native;
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

    public void Compute(TensorPtr result, WorkQueue work)
    {
        var x = result.Source(0);
        var d = (int)x.Ne(0);
        var words = (d + PerWord - 1) / PerWord;
        var key = noise.Key(stream);
        var factor = (1 << Bits) / (float)((1 << Bits) - _threshold);
        foreach (var row in work.Items(result.Shape.Rows))
        {
            var from = x.HostSpan<float>(row * d, d);
            var to = result.HostSpan<float>(row * d, d);
            var word = 0UL;
            for (var i = 0; i < d; i++, word >>= Bits)
            {
                if (i % PerWord == 0)
                    word = RowNoise.Bits(key, row * words + i / PerWord);
                to[i] = (word & ((1 << Bits) - 1)) < _threshold ? 0 : from[i] * factor;
            }
        }
    }

    public void Backward(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        var x = y.Source(0);
        if (pass.Needs(x))
            pass.Add(x, pass.Builder.Custom(this, x.Shape, dy));
    }
}
