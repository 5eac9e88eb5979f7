using LoraBridge.Training.Graphs;
using LoraBridge.Native;
using LoraBridge.Training.Kernels.Cpu;

namespace LoraBridge.Training.Autodiff.Ops;

/// <summary>
/// What an adapter adds to a product: w [M, T], B [R, M], h [R, T], y = w + s Bᵀh, that is y[m, t] = w[m, t] + s Σᵣ B[r, m] h[r, t].
/// dw = dy, dh[r, t] = s Σₘ B[r, m] dy[m, t], dB[r, m] = s Σₜ h[r, t] dy[m, t].
/// LoRA, <see href="https://arxiv.org/abs/2106.09685"/>.
/// </summary>
/// <param name="scale">s.</param>
internal sealed class LowRankUpdate(float scale) : IProductKernel, IGradientRule
{
    private const int Grain = 64;

    public double Operations(TensorPtr result) => 2.0 * result.Source(1).Ne(0) * result.ElementCount;

    public void Compute(TensorPtr result, int worker, int workers)
    {
        var (w, b, h) = (result.Source(0), result.Source(1), result.Source(2));
        var (rank, m) = ((int)b.Ne(0), (int)b.Ne(1));
        var (start, end) = WorkSplit.Of(m, Grain, worker, workers);
        if (start == end)
            return;
        var (first, width) = ((int)start, (int)(end - start));
        using var factor = new TransposedFactor(b, first, width);
        LowRank.Update(h.Floats, rank, scale, factor.Rows, factor.Stride, w.Floats[first..], result.Floats[first..], m, width);
    }

    public void Backward(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        var (w, b, h) = (y.Source(0), y.Source(1), y.Source(2));
        pass.Add(w, dy);
        var parts = pass.Builder.Custom(new LowRankUpdateGradient(scale), LowRankUpdateGradient.Parts(h, dy), b, h, dy, pass.Sum(b));
        pass.Add(h, PackedGradients.SumParts(pass.Builder, parts, h.Shape));
    }
}
