using LoraBridge.Training.Graphs;
using LoraBridge.Native;

namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>
/// db[k, n] = Σₘ a[k, m] dy[m, n] in fixed point (<see cref="FixedPointGemm"/>), added to what other branches of b's consumers gave. Sources:
/// a [K, M], a matrix of any type with contiguous rows, dy [M, N], rounded by <see cref="FixedPointRows"/>, and, if there is one, the gradient
/// to add to.
/// </summary>
/// <param name="cache">Where a is kept in 8 bits; null unpacks it each time.</param>
internal sealed class FixedPointMatMulGradient(PanelCache? cache) : IProductKernel
{
    public double Operations(TensorPtr result) => 2.0 * result.Source(0).Ne(1) * result.ElementCount;

    public void Compute(TensorPtr result, int worker, int workers)
    {
        var (a, dy, sum) = (result.Source(0), result.Source(1), result.Source(2));
        var (k, n) = ((int)a.Ne(0), (int)result.Shape.Rows);
        var block = ProductBlock.Of(n, k, FixedPointGemm.StageColumns, worker, workers);
        var product = result.Floats;
        for (var row = block.FirstRow; row < block.EndRow && !sum.IsNull; row++)
            sum.HostSpan<float>((long)row * k + block.FirstColumn, block.EndColumn - block.FirstColumn).CopyTo(product[(row * k + block.FirstColumn)..]);
        Multiply(a, dy, cache, product, block, accumulate: !sum.IsNull);
    }

    /// <summary>Computes a block of Σₘ a[k, m] dy[m, n].</summary>
    /// <param name="a">[K, M].</param>
    /// <param name="dy">[M, N], rounded by <see cref="FixedPointRows"/>.</param>
    /// <param name="cache">Where a is kept in 8 bits; null unpacks it.</param>
    /// <param name="product">[K, N].</param>
    /// <param name="block">Rows n and columns k.</param>
    /// <param name="accumulate">Whether the product is added to instead of overwritten.</param>
    public static void Multiply(TensorPtr a, TensorPtr dy, PanelCache? cache, Span<float> product, ProductBlock block, bool accumulate)
    {
        var (k, m) = ((int)a.Ne(0), (int)a.Ne(1));
        if (cache is null)
            FixedPointGemm.Multiply(dy, new RowPanels(a), product, k, m, block, accumulate);
        else
            FixedPointGemm.Multiply(dy, cache.Of(a), product, k, m, block, accumulate);
    }
}
