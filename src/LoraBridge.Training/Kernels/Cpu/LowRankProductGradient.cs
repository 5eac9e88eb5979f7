using LoraBridge.Training.Graphs;
using LoraBridge.Native;

namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>
/// dx[d, t] = Σᵣ A[d, r] dh[r, t], added to what other branches gave. Sources: A [D, R] and dh [R, T], contiguous, and, if there is one,
/// the gradient to add to.
/// </summary>
internal sealed class LowRankProductGradient : IProductKernel
{
    public static readonly LowRankProductGradient Instance = new();

    public double Operations(TensorPtr result) => 2.0 * result.Source(0).Ne(1) * result.ElementCount;

    public void Compute(TensorPtr result, int worker, int workers)
    {
        var (a, dh, sum) = (result.Source(0), result.Source(1), result.Source(2));
        var (d, rank) = ((int)a.Ne(0), (int)a.Ne(1));
        var (start, end) = WorkSplit.Of(result.Shape.Rows, 1, worker, workers);
        var rows = (int)(end - start);
        var dx = result.HostSpan<float>(start * d, rows * d);
        var before = sum.IsNull ? default : sum.HostSpan<float>(start * d, rows * d);
        LowRank.Update(dh.HostSpan<float>(start * rank, rows * rank), rank, 1, a.Floats, d, before, dx, d, d);
    }
}
