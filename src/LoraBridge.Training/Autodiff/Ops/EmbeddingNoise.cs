using LoraBridge.Training.Graphs;
using LoraBridge.Native;
using LoraBridge.Training.Kernels.Cpu;

namespace LoraBridge.Training.Autodiff.Ops;

/// <summary>
/// x [D, T], y[d, t] = x[d, t] + α / √(L D) u, with u uniform in (-1, 1) and L the length of token t's sequence. dx = dy.
/// NEFTune, <see href="https://arxiv.org/abs/2310.05914"/>.
/// </summary>
/// <param name="noise">Where α, L and u come from; it may turn to another row between two computations.</param>
internal sealed class EmbeddingNoise(RowNoise noise) : ITensorKernel, IGradientRule
{
    private const ulong Stream = ulong.MaxValue;

    public void Compute(TensorPtr result, WorkQueue work)
    {
        var d = (int)result.Ne(0);
        var key = noise.Key(Stream);
        foreach (var row in work.Items(result.Shape.Rows))
        {
            var size = noise.EmbeddingNoise / MathF.Sqrt((float)noise.SequenceLengths[(int)row] * d);
            var from = result.Source(0).Row(row);
            var to = result.Row(row);
            for (var i = 0; i < d; i++)
                to[i] = from[i] + size * Uniform(RowNoise.Bits(key, row * d + i));
        }
    }

    public void Backward(BackwardPass pass, TensorPtr y, TensorPtr dy) => pass.Add(y.Source(0), dy);

    /// <summary>24 bits as a number between -1 and 1; none is at the ends.</summary>
    private static float Uniform(ulong bits) => ((bits >> 40) + 0.5f) * (2f / (1 << 24)) - 1;
}
