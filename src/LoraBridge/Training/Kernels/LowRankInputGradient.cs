using LoraBridge.Graphs;
using LoraBridge.Native;

namespace LoraBridge.Training.Kernels;

/// <summary>dh[r, t] = s Σₘ B[r, m] dy[m, t]. Sources: B [R, M] and dy [M, T], contiguous.</summary>
/// <param name="scale">s.</param>
internal sealed class LowRankInputGradient(float scale) : IProductKernel
{
    public double Operations(TensorPtr result) => 2.0 * result.Source(1).Ne(0) * result.ElementCount;

    public void Compute(TensorPtr result, int worker, int workers)
    {
        var (b, dy) = (result.Source(0), result.Source(1));
        var (rank, m) = ((int)b.Ne(0), (int)b.Ne(1));
        var (start, end) = WorkSplit.Of(result.Shape.Rows, 1, worker, workers);
        var rows = (int)(end - start);
        using var columns = new TransposedFactor(b);
        LowRank.Dots(dy.HostSpan<float>(start * m, rows * m), columns.Rows, result.HostSpan<float>(start * rank, rows * rank), rank, m, scale);
    }
}
