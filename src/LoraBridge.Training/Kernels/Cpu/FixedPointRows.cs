using LoraBridge.Training.Graphs;
using LoraBridge.Native;

namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>
/// Rounds x [K, N] to integers for <see cref="FixedPointGemm"/>, as its left factor: once for all products with x, and for all threads.
/// </summary>
internal sealed class FixedPointRows : ITensorKernel
{
    public static readonly FixedPointRows Instance = new();

    private const int Depth = FixedPointGemm.PanelDepth;

    /// <summary>What a strip of rows takes for each 256 of K: their pairs and their scales, in whole cache lines.</summary>
    private const int StripPanel = (FixedPointKernel.Rows * (Depth / 2 + 1) + 15) / 16 * 16;

    /// <summary>x as integers, for those who multiply by it while a stretch of the graph is emitted.</summary>
    public static TensorPtr Share(GraphBuilder builder, TensorPtr x) => builder.SharedCustom(Instance, ShapeFor(x), x);

    /// <summary>x as integers, for one product.</summary>
    public static TensorPtr Emit(GraphBuilder builder, TensorPtr x) => builder.Custom(Instance, ShapeFor(x), x);

    public void Compute(TensorPtr result, int worker, int workers)
    {
        var x = result.Source(0);
        var (depth, rows) = ((int)x.Ne(0), (int)x.Shape.Rows);
        var (first, end) = WorkSplit.Of(result.Ne(1), 1, worker, workers);
        for (var strip = (int)first; strip < end; strip++)
        {
            var row = strip * FixedPointKernel.Rows;
            var used = Math.Min(FixedPointKernel.Rows, rows - row);
            var values = x.HostSpan<float>((long)row * depth, used * depth);
            for (var k = 0; k < depth; k += Depth)
                FixedPointPanel.PackRows(
                    values[k..], depth, used, Math.Min(Depth, depth - k), Strip(result, strip, k), Scales(result, strip, k));
        }
    }

    /// <summary>The integers of a strip, from element <paramref name="k"/> on: [6][128] pairs.</summary>
    public static Span<int> Strip(TensorPtr packed, int strip, int k) => packed.HostSpan<int>(Offset(packed, strip, k), FixedPointKernel.Rows * Depth / 2);

    /// <summary>By row of a strip, what an integer stands for.</summary>
    public static Span<float> Scales(TensorPtr packed, int strip, int k) =>
        packed.HostSpan<float>(Offset(packed, strip, k) + FixedPointKernel.Rows * Depth / 2, FixedPointKernel.Rows);

    private static long Offset(TensorPtr packed, int strip, int k) => strip * packed.Ne(0) + k / Depth * StripPanel;

    private static Shape ShapeFor(TensorPtr x) => new(
        (x.Ne(0) + Depth - 1) / Depth * StripPanel, (x.Shape.Rows + FixedPointKernel.Rows - 1) / FixedPointKernel.Rows);
}
