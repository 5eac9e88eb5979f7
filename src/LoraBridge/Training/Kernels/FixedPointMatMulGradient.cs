using LoraBridge.Graphs;
using LoraBridge.Native;

namespace LoraBridge.Training.Kernels;

/// <summary>
/// db[k, n] = Σₘ a[k, m] dy[m, n] in fixed point (<see cref="FixedPointGemm"/>), added to what other branches of b's consumers gave. Sources:
/// a [K, M], a matrix of any type with contiguous rows, dy [M, N], contiguous, and, if there is one, the gradient to add to.
/// </summary>
/// <param name="cache">Where a is kept in 8 bits; null dequantises it each time.</param>
internal sealed class FixedPointMatMulGradient(PanelCache? cache) : IProductKernel
{
    public double Operations(TensorPtr result) => 2.0 * result.Source(1).Ne(0) * result.ElementCount;

    public void Compute(TensorPtr result, int worker, int workers)
    {
        var (a, dy, sum) = (result.Source(0), result.Source(1), result.Source(2));
        var (k, m, n) = ((int)a.Ne(0), (int)a.Ne(1), (int)dy.Shape.Rows);
        var (first, end) = WorkSplit.Of(k, FixedPointGemm.StageColumns, worker, workers);
        var product = result.Floats;
        for (var row = 0; row < n && !sum.IsNull; row++)
            sum.HostSpan<float>((long)row * k + first, (int)(end - first)).CopyTo(product[(int)(row * k + first)..]);
        if (first == end)
            return;
        if (cache is null)
            FixedPointGemm.Multiply(
                dy.Floats, m, new RowPanels(a), product, k, n, m, (int)first, (int)end, accumulate: !sum.IsNull);
        else
            FixedPointGemm.Multiply(dy.Floats, m, cache.Of(a), product, k, n, m, (int)first, (int)end, accumulate: !sum.IsNull);
    }
}
