using LoraBridge.Training.Graphs;
using LoraBridge.Native;
using LoraBridge.Training.Kernels.Cpu;

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

    /// <summary>Emits a product; products with the same <paramref name="b"/> share its rounding.</summary>
    public TensorPtr Emit(GraphBuilder builder, TensorPtr a, TensorPtr b) =>
        builder.Custom(this, b.Shape with { Ne0 = a.Ne(1) }, a, b, FixedPointRows.Share(builder, b));

    public double Operations(TensorPtr result) => 2.0 * result.Source(0).Ne(0) * result.ElementCount;

    public void Compute(TensorPtr result, int worker, int workers)
    {
        var (a, b) = (result.Source(0), result.Source(1));
        var (k, m) = ((int)a.Ne(0), (int)a.Ne(1));
        var block = ProductBlock.Of((int)b.Shape.Rows, m, FixedPointKernel.Columns, worker, workers);
        FixedPointGemm.Multiply(result.Source(2), new ColumnPanels(a), result.Floats, m, k, block, accumulate: false);
    }

    public void Backward(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        var (a, b) = (y.Source(0), y.Source(1));
        if (pass.Needs(a))
            pass.Add(a, pass.Builder.Custom(MatMulLeftGradient.Instance, a.Shape, b, dy));
        pass.AddTo(b, sum =>
        {
            var rounded = FixedPointRows.Emit(pass.Builder, dy);
            return sum.IsNull
                ? pass.Builder.Custom(_gradient, b.Shape, a, rounded)
                : pass.Builder.Custom(_gradient, b.Shape, a, rounded, sum);
        });
    }
}
