using System.Runtime.CompilerServices;

namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>
/// Right factors B [K, N] of products in F32 that fit a cache: packed once into tiles of <see cref="MicroKernel.Columns"/> columns, [tile][K][columns],
/// the last filled up with zeros, and multiplied as a whole or a range of their rows and columns.
/// </summary>
internal static class TilePacking
{
    private static int Tile => MicroKernel.Columns;

    /// <summary>Columns in whole tiles.</summary>
    public static int Padded(int columns) => (columns + Tile - 1) / Tile * Tile;

    /// <summary>Numbers that a packed factor takes.</summary>
    public static int Size(int depth, int columns) => checked(depth * Padded(columns));

    /// <summary>Packs B[k, n] = from[k stride + n] for k &lt; <paramref name="rows"/>, and zeros for the rows up to <paramref name="depth"/>.</summary>
    public static void PackRows(ReadOnlySpan<float> from, int stride, int rows, int depth, int columns, Span<float> tiles)
    {
        for (var n = 0; n < columns; n += Tile)
        {
            var tile = tiles.Slice(n * depth, Tile * depth);
            var width = Math.Min(Tile, columns - n);
            for (var k = 0; k < rows; k++)
            {
                var line = tile.Slice(k * Tile, Tile);
                from.Slice(k * stride + n, width).CopyTo(line);
                line[width..].Clear();
            }
            tile[(rows * Tile)..].Clear();
        }
    }

    /// <summary>Packs B[k, n] = from[n stride + k]: the transpose of rows.</summary>
    public static void PackColumns(ReadOnlySpan<float> from, int stride, int depth, int columns, Span<float> tiles)
    {
        var square = PairTranspose.Largest;
        for (var n = 0; n < columns; n += Tile)
        {
            var tile = tiles.Slice(n * depth, Tile * depth);
            var width = Math.Min(Tile, columns - n);
            var (wide, deep) = PairTranspose.IsSupported ? (width / square * square, depth / square * square) : (0, 0);
            for (var i = 0; i < wide; i += square)
                for (var k = 0; k < deep; k += square)
                    Transpose(
                        from.Slice((n + i) * stride + k, (square - 1) * stride + square), stride,
                        tile.Slice(k * Tile + i, (square - 1) * Tile + square), Tile);
            for (var i = 0; i < width; i++)
                for (var k = i < wide ? deep : 0; k < depth; k++)
                    tile[k * Tile + i] = from[(n + i) * stride + k];
            for (var k = 0; k < depth && width < Tile; k++)
                tile.Slice(k * Tile + width, Tile - width).Clear();
        }
    }

    /// <summary>C (+)= A B over the rows [<paramref name="start"/>, start + <paramref name="count"/>) of B and the columns from <paramref name="first"/> to <paramref name="end"/>.</summary>
    /// <param name="a">The left factor; its column k belongs to row start + k of B. What stands in rows up to a multiple of <see cref="MicroKernel.Rows"/> is read too.</param>
    /// <param name="tiles">B.</param>
    /// <param name="depth">All rows of B.</param>
    /// <param name="start">The first row of B.</param>
    /// <param name="count">Rows of B.</param>
    /// <param name="c">The product, which has rows up to a multiple of <see cref="MicroKernel.Rows"/>.</param>
    /// <param name="stride">Distance between its rows.</param>
    /// <param name="rows">Rows of A.</param>
    /// <param name="first">The first column, at the start of a tile.</param>
    /// <param name="end">One past the last column; whole tiles are computed.</param>
    /// <param name="accumulate">Whether C is added to.</param>
    public static void Multiply(
        LeftFactor a, ReadOnlySpan<float> tiles, int depth, int start, int count, Span<float> c, int stride, int rows, int first, int end, bool accumulate)
    {
        for (var n = first; n < end; n += Tile)
        {
            var tile = tiles.Slice(n * depth + start * Tile, count * Tile);
            for (var m = 0; m < rows; m += MicroKernel.Rows)
                MicroKernel.Multiply(a.Data[(m * a.RowStride)..], a.RowStride, a.ColumnStride, tile, count, c[(m * stride + n)..], stride, accumulate);
        }
    }

    private static void Transpose(ReadOnlySpan<float> from, int fromStride, Span<float> to, int toStride)
    {
        ref var source = ref Unsafe.As<float, int>(ref Unsafe.AsRef(in from[0]));
        ref var target = ref Unsafe.As<float, int>(ref to[0]);
        PairTranspose.Square(ref source, fromStride, ref target, toStride);
    }
}
