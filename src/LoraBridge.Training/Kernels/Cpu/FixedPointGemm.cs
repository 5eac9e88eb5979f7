using System.Buffers;
using LoraBridge.Native;

namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>Fills panels of the right factor of a fixed-point product.</summary>
internal interface IPanelSource
{
    /// <summary>Writes the integers of B[k .. k + height, column .. column + width) and the scales of its columns.</summary>
    /// <param name="k">First row, a multiple of <see cref="FixedPointGemm.PanelDepth"/>.</param>
    /// <param name="height">Rows.</param>
    /// <param name="column">First column.</param>
    /// <param name="width">Columns, at most <see cref="FixedPointGemm.StageColumns"/>.</param>
    /// <param name="stage">Room for <see cref="FixedPointGemm.PanelDepth"/> rows of <see cref="FixedPointGemm.StageStride"/> numbers.</param>
    /// <param name="panel">The integers, see <see cref="FixedPointPanel"/>.</param>
    /// <param name="scales">By column, what an integer of it stands for.</param>
    void Fill(int k, int height, int column, int width, Span<float> stage, Span<int> panel, Span<float> scales);
}

/// <summary>Rows and columns of a product.</summary>
/// <param name="FirstRow">The first row, of a tile.</param>
/// <param name="EndRow">One past the last row.</param>
/// <param name="FirstColumn">The first column; where the right factor is quantised along them, of a block.</param>
/// <param name="EndColumn">One past the last column.</param>
internal readonly record struct ProductBlock(int FirstRow, int EndRow, int FirstColumn, int EndColumn)
{
    public int Height => EndRow - FirstRow;

    public int Width => EndColumn - FirstColumn;

    public bool IsEmpty => Height <= 0 || Width <= 0;

    /// <summary>A worker's share of a product: some columns, or, where columns are too few for all workers, some rows of them.</summary>
    /// <param name="rows">Rows.</param>
    /// <param name="columns">Columns.</param>
    /// <param name="grain">Columns that are not shared.</param>
    /// <param name="worker">Which worker.</param>
    /// <param name="workers">How many there are.</param>
    public static ProductBlock Of(int rows, int columns, int grain, int worker, int workers)
    {
        var across = Math.Min(workers, (columns + grain - 1) / grain);
        var (firstColumn, endColumn) = WorkSplit.Of(columns, grain, worker % across, across);
        // Those that are left over when all columns have the same number of workers do not work.
        var down = workers / across;
        if (worker / across >= down)
            return default;
        var (firstRow, endRow) = WorkSplit.Of(rows, FixedPointKernel.Rows, worker / across, down);
        return new ProductBlock((int)firstRow, (int)endRow, (int)firstColumn, (int)endColumn);
    }
}

/// <summary>
/// C[M, N] (+)= A[M, K] B[K, N] in integers of 12 bits: each row of A and each column of B has a scale for every 256 elements of the
/// inner dimension, products are summed exactly in 32 bits, and the sums in F32.
/// </summary>
/// <remarks>
/// An instruction that multiplies and adds pairs of 16-bit integers does twice the work of one that multiplies and adds F32. The
/// rounding of the factors, at 2895 steps to the largest element of a block, changes a product by 3e-4 to 5e-4 of its length: less than
/// BF16 (2e-3) and far less than 8-bit activations (6e-3). The result does not depend on how columns or rows are shared among threads.
/// </remarks>
internal static class FixedPointGemm
{
    /// <summary>Elements of the inner dimension that share a scale; whole blocks of every quantised type.</summary>
    public const int PanelDepth = 256;

    /// <summary>Columns that are packed at a time; whole blocks of every quantised type.</summary>
    public const int StageColumns = 256;

    /// <summary>Distance between rows of a stage: no power of two, so that a column of them does not compete for the same places in the cache.</summary>
    public const int StageStride = StageColumns + 16;

    /// <summary>The largest integer: 256 products of two of them fit 32 bits.</summary>
    public const int Largest = 2895;

    /// <summary>Columns of a panel: 256 KiB, part of a usual second-level cache.</summary>
    private const int PanelColumns = 512;

    /// <summary>Whether this processor has the instructions.</summary>
    public static bool IsSupported => FixedPointKernel.IsSupported;

    /// <summary>Computes a block of C.</summary>
    /// <param name="a">The left factor, made by <see cref="FixedPointRows"/>.</param>
    /// <param name="b">The right factor.</param>
    /// <param name="c">The product; row m starts at <c>m * stride</c>.</param>
    /// <param name="stride">Distance between rows of C, in elements.</param>
    /// <param name="depth">K.</param>
    /// <param name="block">What to compute.</param>
    /// <param name="accumulate">Whether C is added to instead of overwritten.</param>
    public static void Multiply<TSource>(TensorPtr a, TSource b, Span<float> c, int stride, int depth, ProductBlock block, bool accumulate)
        where TSource : IPanelSource
    {
        const int Tile = FixedPointKernel.Columns, Strip = FixedPointKernel.Rows, Pairs = PanelDepth / 2;
        var stage = ArrayPool<float>.Shared.Rent(PanelDepth * StageStride);
        var panel = ArrayPool<int>.Shared.Rent(Pairs * PanelColumns);
        var columnScales = ArrayPool<float>.Shared.Rent(PanelColumns);
        var edge = ArrayPool<float>.Shared.Rent(Strip * Tile);
        try
        {
            for (var column = block.FirstColumn; column < block.EndColumn; column += PanelColumns)
            {
                var width = Math.Min(PanelColumns, block.EndColumn - column);
                for (var k = 0; k < depth; k += PanelDepth)
                {
                    var height = Math.Min(PanelDepth, depth - k);
                    var pairs = (height + 1) / 2;
                    for (var n = 0; n < width; n += StageColumns)
                        b.Fill(k, height, column + n, Math.Min(StageColumns, width - n), stage, panel.AsSpan(n * pairs), columnScales.AsSpan(n));
                    for (var m = block.FirstRow; m < block.EndRow; m += Strip)
                    {
                        var strip = FixedPointRows.Strip(a, m / Strip, k);
                        var rowScales = FixedPointRows.Scales(a, m / Strip, k);
                        for (var n = 0; n < width; n += Tile)
                            ComputeTile(
                                strip, panel.AsSpan(n * pairs, Tile * pairs), pairs, rowScales, columnScales.AsSpan(n, Tile),
                                c[(m * stride + column + n)..], stride, Math.Min(Strip, block.EndRow - m), Math.Min(Tile, width - n), accumulate || k > 0, edge);
                    }
                }
            }
        }
        finally
        {
            ArrayPool<float>.Shared.Return(stage);
            ArrayPool<int>.Shared.Return(panel);
            ArrayPool<float>.Shared.Return(columnScales);
            ArrayPool<float>.Shared.Return(edge);
        }
    }

    private static void ComputeTile(
        ReadOnlySpan<int> strip, ReadOnlySpan<int> panel, int pairs, ReadOnlySpan<float> rowScales, ReadOnlySpan<float> columnScales,
        Span<float> c, int stride, int rows, int columns, bool accumulate, Span<float> edge)
    {
        const int Tile = FixedPointKernel.Columns;
        if (rows == FixedPointKernel.Rows && columns == Tile)
        {
            FixedPointKernel.Multiply(strip, panel, pairs, rows, rowScales, columnScales, c, stride, accumulate);
            return;
        }

        // A tile that hangs over the edge of C is computed aside, and what belongs to C is taken from there.
        FixedPointKernel.Multiply(strip, panel, pairs, rows, rowScales, columnScales, edge, Tile, accumulate: false);
        for (var m = 0; m < rows; m++)
            for (var n = 0; n < columns; n++)
            {
                ref var target = ref c[m * stride + n];
                target = accumulate ? target + edge[m * Tile + n] : edge[m * Tile + n];
            }
    }
}
