namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>Rows of the right factor of a product, read (and dequantised, where they are) a piece at a time.</summary>
internal interface IRowSource
{
    /// <summary>Writes the elements [start, start + destination.Length) of row <paramref name="row"/>.</summary>
    void Read(int row, int start, Span<float> destination);
}

/// <summary>The left factor: element (m, k) stands at <c>Data[m * RowStride + k * ColumnStride]</c>, so a transpose costs nothing.</summary>
internal readonly ref struct LeftFactor(ReadOnlySpan<float> data, int rowStride, int columnStride)
{
    public readonly ReadOnlySpan<float> Data = data;
    public readonly int RowStride = rowStride;
    public readonly int ColumnStride = columnStride;
}

/// <summary>
/// C[M, N] (+)= A[M, K] B[K, N] in F32, for right factors that come a row at a time.
/// </summary>
/// <remarks>
/// A weight W of a ggml product y = W x is stored as rows of n_in elements, so dx = dyᵀ W has it as the right factor just as it
/// lies: a panel of W is dequantised once into a cache-sized tile and used for all tokens. ggml's own way (OUT_PROD) dequantises
/// the whole matrix once per token, its alternative (cast, transpose, multiply) passes three times through a full F32 copy.
/// Blocking after Goto and van de Geijn, "Anatomy of High-Performance Matrix Multiplication" (2008).
/// </remarks>
internal static class Gemm
{
    /// <summary>Columns of a packed panel of B; a multiple of every quantisation block (32 and 256).</summary>
    public const int PanelColumns = 512;

    /// <summary>Rows of a packed panel of B: a panel takes 256 KiB, half of a usual second-level cache.</summary>
    private const int PanelRows = 128;

    /// <summary>Computes the columns [<paramref name="firstColumn"/>, <paramref name="endColumn"/>) of C.</summary>
    /// <param name="a">The left factor, [M, K].</param>
    /// <param name="b">The right factor, K rows.</param>
    /// <param name="c">The product; row m starts at <c>m * stride</c>.</param>
    /// <param name="stride">Distance between rows of C, in elements.</param>
    /// <param name="rows">M.</param>
    /// <param name="depth">K.</param>
    /// <param name="firstColumn">First column to compute; where B is quantised, a multiple of its block.</param>
    /// <param name="endColumn">One past the last column to compute.</param>
    /// <param name="accumulate">Whether C is added to instead of overwritten.</param>
    public static void Multiply<TSource>(
        LeftFactor a, TSource b, Span<float> c, int stride, int rows, int depth, int firstColumn, int endColumn, bool accumulate)
        where TSource : IRowSource, allows ref struct
    {
        var tile = MicroKernel.Columns;
        using var scratch = new Scratch(PanelRows * PanelColumns + PanelColumns + MicroKernel.Rows * (PanelRows + tile));
        var room = scratch.Floats;
        var panel = Sections.Take(ref room, PanelRows * PanelColumns);
        var line = Sections.Take(ref room, PanelColumns);
        var strip = Sections.Take(ref room, MicroKernel.Rows * PanelRows);
        var edge = Sections.Take(ref room, MicroKernel.Rows * tile);
        for (var column = firstColumn; column < endColumn; column += PanelColumns)
        {
            var width = Math.Min(PanelColumns, endColumn - column);
            for (var k = 0; k < depth; k += PanelRows)
            {
                var height = Math.Min(PanelRows, depth - k);
                Pack(b, k, height, column, width, tile, line, panel);
                for (var m = 0; m < rows; m += MicroKernel.Rows)
                {
                    var used = Math.Min(MicroKernel.Rows, rows - m);
                    Pack(a, m, used, k, height, strip);
                    for (var n = 0; n < width; n += tile)
                        Tile(
                            strip, panel.Slice(n * height, tile * height), height, c[(m * stride + column + n)..], stride, used,
                            Math.Min(tile, width - n), accumulate || k > 0, edge);
                }
            }
        }
    }

    private static void Tile(
        ReadOnlySpan<float> strip, ReadOnlySpan<float> panel, int depth, Span<float> c, int stride, int rows, int columns,
        bool accumulate, Span<float> edge)
    {
        var tile = MicroKernel.Columns;
        if (rows == MicroKernel.Rows && columns == tile)
        {
            MicroKernel.Multiply(strip, 1, MicroKernel.Rows, panel, depth, c, stride, accumulate);
            return;
        }

        // A tile that hangs over the edge of C is computed aside, and what belongs to C is taken from there.
        MicroKernel.Multiply(strip, 1, MicroKernel.Rows, panel, depth, edge, tile, accumulate: false);
        for (var m = 0; m < rows; m++)
            for (var n = 0; n < columns; n++)
            {
                ref var target = ref c[m * stride + n];
                target = accumulate ? target + edge[m * tile + n] : edge[m * tile + n];
            }
    }

    /// <summary>Packs B[k .. k + height, column .. column + width) into tiles [height][tile], the last one filled up with zeros.</summary>
    private static void Pack<TSource>(
        TSource b, int k, int height, int column, int width, int tile, Span<float> line, Span<float> panel)
        where TSource : IRowSource, allows ref struct
    {
        var padded = (width + tile - 1) / tile * tile;
        line[width..padded].Clear();
        for (var row = 0; row < height; row++)
        {
            b.Read(k + row, column, line[..width]);
            for (var n = 0; n < padded; n += tile)
                line.Slice(n, tile).CopyTo(panel.Slice(n * height + row * tile, tile));
        }
    }

    /// <summary>Packs A[m .. m + rows, k .. k + height) into [height][6], missing rows filled up with zeros.</summary>
    private static void Pack(LeftFactor a, int m, int rows, int k, int height, Span<float> strip)
    {
        if (rows < MicroKernel.Rows)
            strip[..(height * MicroKernel.Rows)].Clear();
        for (var r = 0; r < rows; r++)
        {
            var from = (m + r) * a.RowStride + k * a.ColumnStride;
            for (var i = 0; i < height; i++, from += a.ColumnStride)
                strip[i * MicroKernel.Rows + r] = a.Data[from];
        }
    }
}
