using LoraBridge.Graphs;
using LoraBridge.Native;
using LoraBridge.Training.Kernels;

namespace LoraBridge.Training.Autodiff.Ops;

/// <summary>
/// a [K, M], b [K, N], y [M, N]: y[m, n] = Σₖ a[k, m] b[k, n] and db[k, n] = Σₘ a[k, m] dy[m, n] in fixed point
/// (<see cref="FixedPointGemm"/>), for a matrix a of any type, which is dequantised a panel at a time. Where a is trained,
/// da[k, m] = Σₙ b[k, n] dy[m, n] is computed in F32: it is what the weights are changed by.
/// </summary>
/// <param name="cache">Where gradients find a in 8 bits; null has them dequantise it each time.</param>
internal sealed class FixedPointMatMul(PanelCache? cache = null) : IProductKernel, IGradientRule
{
    private readonly FixedPointMatMulGradient _gradient = new(cache);

    /// <summary>Whether a product can be computed so.</summary>
    public static bool Takes(TensorPtr a, TensorPtr b) =>
        FixedPointGemm.IsSupported && a.Shape.Rows == a.Ne(1) && a.HasContiguousRows && GgmlTypeTraits.CanDequantize(a.Type)
        && b.IsFloat && b.IsContiguous && a.Ne(0) == b.Ne(0);

    /// <summary>Bytes that copies of these matrices take.</summary>
    public long CacheBytes(IEnumerable<TensorPtr> matrices) =>
        cache is null ? 0 : matrices.Where(matrix => matrix.Shape.Rows == matrix.Ne(1)).Sum(matrix => PanelCache.BytesFor(matrix.Ne(1), matrix.Ne(0)));

    public double Operations(TensorPtr result) => 2.0 * result.Source(0).Ne(0) * result.ElementCount;

    public void Compute(TensorPtr result, int worker, int workers)
    {
        var (a, b) = (result.Source(0), result.Source(1));
        var (k, m, n) = ((int)a.Ne(0), (int)a.Ne(1), (int)b.Shape.Rows);
        var (first, end) = WorkSplit.Of(m, FixedPointKernel.Columns, worker, workers);
        FixedPointGemm.Multiply(
            b.Floats, k, new ColumnPanels(a), result.Floats, m, n, k, (int)first, (int)end, accumulate: false);
    }

    public void Backward(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        var (a, b) = (y.Source(0), y.Source(1));
        if (pass.Needs(a))
            pass.Add(a, pass.Builder.Custom(MatMulLeftGradient.Instance, a.Shape, b, dy));
        pass.AddTo(b, sum => sum.IsNull
            ? pass.Builder.Custom(_gradient, b.Shape, a, dy)
            : pass.Builder.Custom(_gradient, b.Shape, a, dy, sum));
    }
}
