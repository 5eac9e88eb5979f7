using System.Buffers;

namespace LoraBridge.Training.Kernels;

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

    /// <summary>Computes the columns [<paramref name="firstColumn"/>, <paramref name="endColumn"/>) of C.</summary>
    /// <param name="a">The left factor; row m starts at <c>m * aStride</c>.</param>
    /// <param name="aStride">Distance between rows of A, in elements.</param>
    /// <param name="b">The right factor.</param>
    /// <param name="c">The product; row m starts at <c>m * cStride</c>.</param>
    /// <param name="cStride">Distance between rows of C, in elements.</param>
    /// <param name="rows">M.</param>
    /// <param name="depth">K.</param>
    /// <param name="firstColumn">First column to compute; where B is quantised along them, a multiple of its block.</param>
    /// <param name="endColumn">One past the last column to compute.</param>
    /// <param name="accumulate">Whether C is added to instead of overwritten.</param>
    public static void Multiply<TSource>(
        ReadOnlySpan<float> a, int aStride, TSource b, Span<float> c, int cStride, int rows, int depth, int firstColumn, int endColumn,
        bool accumulate) where TSource : IPanelSource
    {
        const int Tile = FixedPointKernel.Columns, Strip = FixedPointKernel.Rows, Pairs = PanelDepth / 2;
        var stage = ArrayPool<float>.Shared.Rent(PanelDepth * StageStride);
        var panel = ArrayPool<int>.Shared.Rent(Pairs * PanelColumns);
        var columnScales = ArrayPool<float>.Shared.Rent(PanelColumns);
        var strip = ArrayPool<int>.Shared.Rent(Strip * Pairs);
        var edge = ArrayPool<float>.Shared.Rent(Strip * Tile);
        Span<float> rowScales = stackalloc float[Strip];
        try
        {
            for (var column = firstColumn; column < endColumn; column += PanelColumns)
            {
                var width = Math.Min(PanelColumns, endColumn - column);
                for (var k = 0; k < depth; k += PanelDepth)
                {
                    var height = Math.Min(PanelDepth, depth - k);
                    var pairs = (height + 1) / 2;
                    for (var n = 0; n < width; n += StageColumns)
                        b.Fill(k, height, column + n, Math.Min(StageColumns, width - n), stage, panel.AsSpan(n * pairs), columnScales.AsSpan(n));
                    for (var m = 0; m < rows; m += Strip)
                    {
                        var used = Math.Min(Strip, rows - m);
                        FixedPointPanel.PackRows(a[(m * aStride + k)..], aStride, used, height, strip, rowScales);
                        for (var n = 0; n < width; n += Tile)
                            ComputeTile(
                                strip, panel.AsSpan(n * pairs, Tile * pairs), pairs, rowScales, columnScales.AsSpan(n, Tile),
                                c[(m * cStride + column + n)..], cStride, used, Math.Min(Tile, width - n), accumulate || k > 0, edge);
                    }
                }
            }
        }
        finally
        {
            ArrayPool<float>.Shared.Return(stage);
            ArrayPool<int>.Shared.Return(panel);
            ArrayPool<float>.Shared.Return(columnScales);
            ArrayPool<int>.Shared.Return(strip);
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
            FixedPointKernel.Multiply(strip, panel, pairs, rowScales, columnScales, c, stride, accumulate);
            return;
        }

        // A tile that hangs over the edge of C is computed aside, and what belongs to C is taken from there.
        FixedPointKernel.Multiply(strip, panel, pairs, rowScales, columnScales, edge, Tile, accumulate: false);
        for (var m = 0; m < rows; m++)
            for (var n = 0; n < columns; n++)
            {
                ref var target = ref c[m * stride + n];
                target = accumulate ? target + edge[m * Tile + n] : edge[m * Tile + n];
            }
    }
}
