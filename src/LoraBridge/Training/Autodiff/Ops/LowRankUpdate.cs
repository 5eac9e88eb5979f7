using LoraBridge.Graphs;
using LoraBridge.Native;
using LoraBridge.Training.Kernels;

namespace LoraBridge.Training.Autodiff.Ops;

/// <summary>
/// What an adapter adds to a product: w [M, T], B [R, M], h [R, T], y = w + s Bᵀh, that is y[m, t] = w[m, t] + s Σᵣ B[r, m] h[r, t].
/// dw = dy, dh[r, t] = s Σₘ B[r, m] dy[m, t], dB[r, m] = s Σₜ h[r, t] dy[m, t].
/// LoRA, <see href="https://arxiv.org/abs/2106.09685"/>.
/// </summary>
/// <param name="scale">s.</param>
internal sealed class LowRankUpdate(float scale) : IProductKernel, IGradientRule
{
    public double Operations(TensorPtr result) => 2.0 * result.Source(1).Ne(0) * result.ElementCount;

    public void Compute(TensorPtr result, int worker, int workers)
    {
        var (w, b, h) = (result.Source(0), result.Source(1), result.Source(2));
        var (rank, m) = ((int)b.Ne(0), (int)b.Ne(1));
        var (start, end) = WorkSplit.Of(result.Shape.Rows, 1, worker, workers);
        var rows = (int)(end - start);
        using var columns = new TransposedFactor(b);
        LowRank.Update(
            h.HostSpan<float>(start * rank, rows * rank), columns.Rows, w.HostSpan<float>(start * m, rows * m),
            result.HostSpan<float>(start * m, rows * m), rank, m, scale);
    }

    public void Backward(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        var (w, b, h) = (y.Source(0), y.Source(1), y.Source(2));
        pass.Add(w, dy);
        if (pass.Needs(h))
            pass.Add(h, pass.Builder.Custom(new LowRankInputGradient(scale), h.Shape, b, dy));
        if (pass.Needs(b))
            pass.Add(b, pass.Builder.Custom(new LowRankFactorGradient(scale), b.Shape, h, dy));
    }
}
