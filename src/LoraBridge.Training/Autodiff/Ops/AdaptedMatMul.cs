using LoraBridge.Training.Graphs;
using LoraBridge.Native;
using LoraBridge.Training.Kernels.Cpu;

namespace LoraBridge.Training.Autodiff.Ops;

/// <summary>
/// A frozen weight with an adapter: W [K, M], x [K, T], A [K, R], B [R, M] and h = Aᵀx (<see cref="LowRankProduct"/>),
/// y = Wᵀx + s Bᵀh, with the first product in fixed point (<see cref="FixedPointGemm"/>).
/// dh = s B dy, dx = W dy + A dh, dA = x dhᵀ, dB = s h dyᵀ. LoRA, <see href="https://arxiv.org/abs/2106.09685"/>.
/// </summary>
/// <remarks>
/// It equals <see cref="FixedPointMatMul"/>, <see cref="LowRankProduct"/> and <see cref="LowRankUpdate"/> one after the other, with fewer
/// passes through x, y and their gradients. h is kept for the gradients, and passes none itself.
/// </remarks>
/// <param name="scale">s.</param>
/// <param name="cache">Where gradients find W in 8 bits; null has them dequantise it each time.</param>
internal sealed class AdaptedMatMul(float scale, PanelCache? cache = null) : IProductKernel, IGradientRule
{
    /// <summary>Emits it in place of <paramref name="product"/>, made by <see cref="FixedPointMatMul"/>.</summary>
    /// <param name="builder">Where to emit.</param>
    /// <param name="product">Wᵀx, which need not be computed.</param>
    /// <param name="b">B.</param>
    /// <param name="h">Aᵀx, made by <see cref="LowRankProduct"/>.</param>
    public TensorPtr Emit(GraphBuilder builder, TensorPtr product, TensorPtr b, TensorPtr h) =>
        builder.Custom(this, product.Shape, product.Source(0), product.Source(1), h.Source(0), b, h, product.Source(2));

    public double Operations(TensorPtr result) => 2.0 * (result.Source(0).Ne(0) + result.Source(3).Ne(0)) * result.ElementCount;

    public void Compute(TensorPtr result, int worker, int workers)
    {
        var (w, b, h, rounded) = (result.Source(0), result.Source(3), result.Source(4), result.Source(5));
        var (k, m, rank) = ((int)w.Ne(0), (int)w.Ne(1), (int)b.Ne(0));
        var block = ProductBlock.Of((int)result.Shape.Rows, m, FixedPointKernel.Columns, worker, workers);
        if (block.IsEmpty)
            return;
        FixedPointGemm.Multiply(rounded, new ColumnPanels(w), result.Floats, m, k, block, accumulate: false);
        using var factor = new TransposedFactor(b, block.FirstColumn, block.Width);
        var y = result.Floats[(block.FirstRow * m + block.FirstColumn)..];
        LowRank.Update(h.HostSpan<float>(block.FirstRow * rank, block.Height * rank), rank, scale, factor.Rows, factor.Stride, y, y, m, block.Width);
    }

    public void Backward(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        var (w, x, a, b, h) = (y.Source(0), y.Source(1), y.Source(2), y.Source(3), y.Source(4));
        var builder = pass.Builder;
        var parts = builder.Custom(new LowRankUpdateGradient(scale), LowRankUpdateGradient.Parts(h, dy), b, h, dy, pass.Sum(b));
        if (!pass.Needs(x))
        {
            pass.Add(a, builder.Custom(LowRankWeightGradient.Instance, a.Shape, x, PackedGradients.SumParts(builder, parts, h.Shape)));
            return;
        }
        var kernel = new AdaptedMatMulGradient(cache);
        var rounded = FixedPointRows.Emit(builder, dy);
        pass.AddTo(x, sum => sum.IsNull
            ? builder.Custom(kernel, x.Shape, w, x, a, rounded, parts, pass.Sum(a))
            : builder.Custom(kernel, x.Shape, w, x, a, rounded, parts, pass.Sum(a), sum));
    }
}
