using LoraBridge.Graphs;
using LoraBridge.Native;
using LoraBridge.Training.Kernels;

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
    public double Operations(TensorPtr result) => 2.0 * (result.Source(0).Ne(0) + result.Source(3).Ne(0)) * result.ElementCount;

    public void Compute(TensorPtr result, int worker, int workers)
    {
        var (w, x, b, h) = (result.Source(0), result.Source(1), result.Source(3), result.Source(4));
        var (k, m, n, rank) = ((int)w.Ne(0), (int)w.Ne(1), (int)x.Shape.Rows, (int)b.Ne(0));
        var (start, end) = WorkSplit.Of(m, FixedPointKernel.Columns, worker, workers);
        if (start == end)
            return;
        var (first, width) = ((int)start, (int)(end - start));
        var y = result.Floats;
        FixedPointGemm.Multiply(
            x.Floats, k, new ColumnPanels<TensorRows>(new TensorRows(w, 0, 0)), y, m, n, k, first, (int)end, accumulate: false);
        using var factor = new TransposedFactor(b, first, width);
        LowRank.Update(h.Floats, rank, scale, factor.Rows, factor.Stride, y[first..], y[first..], m, width);
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
        pass.AddTo(x, sum => sum.IsNull
            ? builder.Custom(kernel, x.Shape, w, x, a, dy, parts, pass.Sum(a))
            : builder.Custom(kernel, x.Shape, w, x, a, dy, parts, pass.Sum(a), sum));
    }
}
