using System.Numerics.Tensors;
using LoraBridge.Training.Graphs;
using LoraBridge.Native;

namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>
/// dx[k, t] = Σₘ W[k, m] dy[m, t] + Σᵣ A[k, r] dh[r, t], the first sum in fixed point (<see cref="FixedPointGemm"/>), added to what other
/// branches gave, and dA[k, r] = Σₜ x[k, t] dh[r, t]. Sources: W [K, M], a matrix of any type with contiguous rows, x [K, T], A [K, R],
/// dy [M, T], rounded by <see cref="FixedPointRows"/>, dh in parts (<see cref="LowRankUpdateGradient"/>), the gradient of A so far, which dA
/// is added to where it lies, and, if there is one, the gradient of x so far.
/// </summary>
/// <param name="cache">Where W is kept in 8 bits; null unpacks it each time.</param>
internal sealed class AdaptedMatMulGradient(PanelCache? cache) : IProductKernel
{
    /// <summary>Columns of x that one worker has at least.</summary>
    private const int Grain = 64;

    public double Operations(TensorPtr result) => 2.0 * (result.Source(0).Ne(1) + 2 * result.Source(2).Ne(1)) * result.ElementCount;

    public void Compute(TensorPtr result, int worker, int workers)
    {
        var (w, x, a, dy) = (result.Source(0), result.Source(1), result.Source(2), result.Source(3));
        var (parts, gradient, sum) = (result.Source(4), result.Source(5), result.Source(6));
        var (k, n, rank) = ((int)w.Ne(0), (int)result.Shape.Rows, (int)a.Ne(1));
        using var scratch = new Scratch(rank * n);
        var dh = scratch.Floats;
        Sum(parts, dh);
        var (first, end) = WorkSplit.Of(k, Grain, worker, workers);
        if (first < end)
            LowRank.Outer(dh, rank, 1, x.Floats[(int)first..], k, gradient.Floats[(int)first..], k, (int)(end - first));

        var block = ProductBlock.Of(n, k, FixedPointGemm.StageColumns, worker, workers);
        if (block.IsEmpty)
            return;
        var start = block.FirstRow * k + block.FirstColumn;
        LowRank.Update(
            dh.Slice(block.FirstRow * rank, block.Height * rank), rank, 1, a.Floats[block.FirstColumn..], k,
            sum.IsNull ? default : sum.Floats[start..], result.Floats[start..], k, block.Width);
        FixedPointMatMulGradient.Multiply(w, dy, cache, result.Floats, block, accumulate: true);
    }

    private static void Sum(TensorPtr parts, Span<float> sum)
    {
        parts.HostSpan<float>(0, sum.Length).CopyTo(sum);
        for (var part = 1; part < parts.Ne(1); part++)
            TensorPrimitives.Add(sum, parts.HostSpan<float>((long)part * sum.Length, sum.Length), sum);
    }
}
