using LoraBridge.Training.Graphs;
using LoraBridge.Native;
using LoraBridge.Training.Kernels.Cpu;

namespace LoraBridge.Training.Autodiff.Ops;

/// <summary>
/// A product with few outputs, as an adapter's A has them: A [D, R], x [D, T], h = Aᵀx, that is h[r, t] = Σ_d A[d, r] x[d, t].
/// dx[d, t] = Σᵣ A[d, r] dh[r, t], dA[d, r] = Σₜ x[d, t] dh[r, t].
/// </summary>
internal sealed class LowRankProduct : IProductKernel, IGradientRule
{
    public static readonly LowRankProduct Instance = new();

    public double Operations(TensorPtr result) => 2.0 * result.Source(0).Ne(0) * result.ElementCount;

    public void Compute(TensorPtr result, int worker, int workers)
    {
        var (a, x) = (result.Source(0), result.Source(1));
        var (d, rank) = ((int)a.Ne(0), (int)a.Ne(1));
        var (start, end) = WorkSplit.Of(result.Shape.Rows, 1, worker, workers);
        var rows = (int)(end - start);
        LowRank.Dots(x.HostSpan<float>(start * d, rows * d), d, a.Floats, d, d, 1, result.HostSpan<float>(start * rank, rows * rank), rank);
    }

    public void Backward(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        var (a, x) = (y.Source(0), y.Source(1));
        if (pass.Needs(a))
            pass.Add(a, pass.Builder.Custom(LowRankWeightGradient.Instance, a.Shape, x, dy));
        pass.AddTo(x, sum => sum.IsNull
            ? pass.Builder.Custom(LowRankProductGradient.Instance, x.Shape, a, dy)
            : pass.Builder.Custom(LowRankProductGradient.Instance, x.Shape, a, dy, sum));
    }
}
