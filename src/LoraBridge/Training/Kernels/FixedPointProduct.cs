using LoraBridge.Graphs;
using LoraBridge.Native;

namespace LoraBridge.Training.Kernels;

/// <summary>
/// y[m, n] = Σₖ a[k, m] b[k, n] in fixed point (<see cref="FixedPointGemm"/>). Sources: a [K, M], a matrix of any type with contiguous
/// rows, dequantised a panel at a time, and b [K, N], contiguous F32.
/// </summary>
internal sealed class FixedPointProduct : IProductKernel
{
    public static readonly FixedPointProduct Instance = new();

    public double Operations(TensorPtr result) => 2.0 * result.Source(0).Ne(0) * result.ElementCount;

    public void Compute(TensorPtr result, int worker, int workers)
    {
        var (a, b) = (result.Source(0), result.Source(1));
        var (k, m, n) = ((int)a.Ne(0), (int)a.Ne(1), (int)b.Shape.Rows);
        var (first, end) = WorkSplit.Of(m, FixedPointKernel.Columns, worker, workers);
        FixedPointGemm.Multiply(
            b.HostSpan<float>(0, k * n), k, new ColumnPanels<TensorRows>(new TensorRows(a, 0, 0)), result.HostSpan<float>(0, m * n), m, n, k,
            (int)first, (int)end, accumulate: false);
    }
}
