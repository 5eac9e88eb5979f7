using LoraBridge.Graphs;
using LoraBridge.Native;

namespace LoraBridge.Training.Kernels;

/// <summary>dB[r, m] = s Σₜ h[r, t] dy[m, t]. Sources: h [R, T] and dy [M, T], contiguous.</summary>
/// <param name="scale">s.</param>
internal sealed class LowRankFactorGradient(float scale) : IProductKernel
{
    private const int Grain = 64;

    public double Operations(TensorPtr result) => 2.0 * result.ElementCount * result.Source(1).Shape.Rows;

    public void Compute(TensorPtr result, int worker, int workers)
    {
        var (h, dy) = (result.Source(0), result.Source(1));
        var (rank, m) = ((int)result.Ne(0), (int)result.Ne(1));
        var (first, end) = WorkSplit.Of(m, Grain, worker, workers);
        if (first == end)
            return;
        using var scratch = new Scratch(rank * m);
        var rows = scratch.Floats;
        LowRank.Outer(h.Floats, dy.Floats, rows, rank, m, (int)first, (int)end, scale);
        var gradient = result.Floats;
        for (var i = (int)first; i < end; i++)
            for (var r = 0; r < rank; r++)
                gradient[i * rank + r] = rows[r * m + i];
    }
}
