using System.Numerics.Tensors;
using LoraBridge.Training.Graphs;
using LoraBridge.Native;

namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>
/// Gradients of y = w + s Bᵀh: dh[r, t] = s Σₘ B[r, m] dy[m, t] and dB[r, m] = s Σₜ h[r, t] dy[m, t], in one pass through dy. Sources:
/// B [R, M], h [R, T], dy [M, T], contiguous, and the gradient of B so far, which dB is added to where it lies. The result is
/// [R T, parts]: dh in parts of some columns m each, for threads that are not to meet; their sum does not depend on who computes which.
/// </summary>
/// <param name="scale">s.</param>
internal sealed class LowRankUpdateGradient(float scale) : IProductKernel
{
    /// <summary>Columns m of a part.</summary>
    private const int PartColumns = 256;

    /// <summary>Tokens at a time: of <see cref="PartColumns"/> columns, they stay in a second-level cache for the second product.</summary>
    private const int RowBlock = 64;

    /// <summary>The shape of the result.</summary>
    public static Shape Parts(TensorPtr h, TensorPtr dy) => new(h.ElementCount, (dy.Ne(0) + PartColumns - 1) / PartColumns);

    public double Operations(TensorPtr result) => 4.0 * result.Source(0).Ne(0) * result.Source(2).ElementCount;

    public void Compute(TensorPtr result, int worker, int workers)
    {
        var (start, end) = WorkSplit.Of(result.Ne(1), 1, worker, workers);
        for (var part = start; part < end; part++)
            ComputePart(result, (int)part);
    }

    private void ComputePart(TensorPtr result, int part)
    {
        var (b, h, dy, gradient) = (result.Source(0), result.Source(1), result.Source(2), result.Source(3));
        var (rank, m, rows) = ((int)b.Ne(0), (int)b.Ne(1), (int)h.Shape.Rows);
        var first = part * PartColumns;
        var count = Math.Min(PartColumns, m - first);
        var dh = result.HostSpan<float>((long)part * rows * rank, rows * rank);
        using var factor = new TransposedFactor(b, first, count);
        using var scratch = new Scratch(2 * rank * count);
        var sums = scratch.Floats[..(rank * count)];
        var transposed = scratch.Floats[(rank * count)..];
        sums.Clear();
        var projection = h.Floats;
        var gradients = dy.Floats;
        for (var t = 0; t < rows; t += RowBlock)
        {
            var height = Math.Min(RowBlock, rows - t);
            var columns = gradients.Slice(t * m + first, (height - 1) * m + count);
            LowRank.Outer(projection.Slice(t * rank, height * rank), rank, scale, columns, m, sums, count, count);
            LowRank.Dots(columns, m, factor.Rows, factor.Stride, count, scale, dh.Slice(t * rank, height * rank), rank);
        }
        LowRank.Transpose(sums, transposed, rank, rank, count);
        var target = gradient.HostSpan<float>((long)first * rank, count * rank);
        TensorPrimitives.Add(target, transposed, target);
    }
}
