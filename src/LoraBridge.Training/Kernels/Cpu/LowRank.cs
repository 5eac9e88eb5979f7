using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>
/// Products in which one extent is the rank R of an adapter, 4 to 64 or so. General blocking would fill up tiles with zeros and pack
/// operands that are used a few times only; here rows are read where they lie. P is [R][W], x and y are [T][W], h is [T][R], each row
/// by row; all but h may be some columns of longer rows, which start a stride apart. Every number comes out the same however rows and
/// columns are shared among threads.
/// </summary>
internal static class LowRank
{
    /// <summary>Columns at a time: of 16 rows of P and some of x, they fill a first-level cache.</summary>
    private const int Block = 512;

    /// <summary>Rows of x at a time in <see cref="Outer"/>: of <see cref="Block"/> columns, they fit a second-level cache.</summary>
    private const int RowBlock = 64;

    /// <summary>y[t][w] = x[t][w] + s Σᵣ h[t][r] P[r][w].</summary>
    /// <param name="h">As many rows as there are of y.</param>
    /// <param name="rank">R.</param>
    /// <param name="s">The scale.</param>
    /// <param name="p">Row r starts at r <paramref name="pStride"/>.</param>
    /// <param name="pStride">Distance between rows of P.</param>
    /// <param name="x">Laid out as y, which it may be; empty is 0.</param>
    /// <param name="y">Row t starts at t <paramref name="stride"/>.</param>
    /// <param name="stride">Distance between rows of x, and of y.</param>
    /// <param name="width">W.</param>
    public static void Update(
        ReadOnlySpan<float> h, int rank, float s, ReadOnlySpan<float> p, int pStride, ReadOnlySpan<float> x, Span<float> y, int stride, int width)
    {
        var rows = h.Length / rank;
        using var scratch = new Scratch(h.Length);
        var scaled = scratch.Floats;
        TensorPrimitives.Multiply(h, s, scaled);
        for (var w = 0; w < width; w += Block)
            for (var t = 0; t < rows; t += LowRankKernel.Rows)
            {
                var at = t * stride + w;
                LowRankKernel.Accumulate(
                    new LeftFactor(scaled[(t * rank)..], rank, 1), Math.Min(LowRankKernel.Rows, rows - t), rank, p[w..], pStride,
                    x.IsEmpty ? x : x[at..], y[at..], stride, Math.Min(Block, width - w));
            }
    }

    /// <summary>h[t][r] = s Σ_w x[t][w] P[r][w].</summary>
    /// <inheritdoc cref="Update"/>
    public static void Dots(
        ReadOnlySpan<float> x, int stride, ReadOnlySpan<float> p, int pStride, int width, float s, Span<float> h, int rank)
    {
        var rows = h.Length / rank;
        h.Clear();
        Span<float> sums = stackalloc float[LowRankKernel.DotRows * LowRankKernel.Rows];
        for (var w = 0; w < width; w += Block)
            for (var t = 0; t < rows; t += LowRankKernel.DotRows)
                for (var r = 0; r < rank; r += LowRankKernel.Rows)
                {
                    var (height, ranks) = (Math.Min(LowRankKernel.DotRows, rows - t), Math.Min(LowRankKernel.Rows, rank - r));
                    LowRankKernel.Dots(
                        x[(t * stride + w)..], stride, height, p[(r * pStride + w)..], pStride, ranks, Math.Min(Block, width - w), sums);
                    for (var i = 0; i < height; i++)
                        for (var j = 0; j < ranks; j++)
                            h[(t + i) * rank + r + j] += sums[i * LowRankKernel.Rows + j];
                }
        TensorPrimitives.Multiply(h, s, h);
    }

    /// <summary>P[r][w] = s Σₜ h[t][r] x[t][w].</summary>
    /// <inheritdoc cref="Update"/>
    public static void Outer(
        ReadOnlySpan<float> h, int rank, float s, ReadOnlySpan<float> x, int stride, Span<float> p, int pStride, int width)
    {
        var rows = h.Length / rank;
        using var scratch = new Scratch(h.Length);
        var scaled = scratch.Floats;
        TensorPrimitives.Multiply(h, s, scaled);
        for (var w = 0; w < width; w += Block)
            for (var t = 0; t < rows; t += RowBlock)
                for (var r = 0; r < rank; r += LowRankKernel.Rows)
                {
                    var sums = p[(r * pStride + w)..];
                    LowRankKernel.Accumulate(
                        new LeftFactor(scaled[(t * rank + r)..], 1, rank), Math.Min(LowRankKernel.Rows, rank - r), Math.Min(RowBlock, rows - t),
                        x[(t * stride + w)..], stride, t == 0 ? default : sums, sums, pStride, Math.Min(Block, width - w));
                }
    }

    /// <summary>[rows][columns] -> [columns][rows], where row c starts at c <paramref name="stride"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Transpose(ReadOnlySpan<float> from, Span<float> to, int stride, int rows, int columns)
    {
        // Squares of four go through registers; what is left over goes one by one.
        var (wholeRows, wholeColumns) = PairTranspose.IsSupported ? (rows / 4 * 4, columns / 4 * 4) : (0, 0);
        var source = MemoryMarshal.Cast<float, int>(from);
        var target = MemoryMarshal.Cast<float, int>(to);
        for (var r = 0; r < wholeRows; r += 4)
            for (var c = 0; c < wholeColumns; c += 4)
                PairTranspose.Four(
                    ref Unsafe.AsRef(in source.Slice(r * columns + c, 3 * columns + 4)[0]), columns,
                    ref target.Slice(c * stride + r, 3 * stride + 4)[0], stride);
        for (var c = 0; c < columns; c++)
            for (var r = c < wholeColumns ? wholeRows : 0; r < rows; r++)
                to[c * stride + r] = from[r * columns + c];
    }
}
