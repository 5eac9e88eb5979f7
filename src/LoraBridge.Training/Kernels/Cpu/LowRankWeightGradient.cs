using LoraBridge.Training.Graphs;
using LoraBridge.Native;

namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>dA[d, r] = Σₜ x[d, t] dh[r, t]. Sources: x [D, T] and dh [R, T], contiguous.</summary>
internal sealed class LowRankWeightGradient : IProductKernel
{
    public static readonly LowRankWeightGradient Instance = new();

    private const int Grain = 64;

    public double Operations(TensorPtr result) => 2.0 * result.ElementCount * result.Source(1).Shape.Rows;

    public void Compute(TensorPtr result, int worker, int workers)
    {
        var (x, dh) = (result.Source(0), result.Source(1));
        var (d, rank) = ((int)result.Ne(0), (int)result.Ne(1));
        var (first, end) = WorkSplit.Of(d, Grain, worker, workers);
        if (first == end)
            return;
        var gradient = result.Floats[(int)first..];
        for (var r = 0; r < rank; r++)
            gradient.Slice(r * d, (int)(end - first)).Clear();
        LowRank.Outer(dh.Floats, rank, 1, x.Floats[(int)first..], d, gradient, d, (int)(end - first));
    }
}
