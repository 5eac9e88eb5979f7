using System.Runtime.InteropServices;

namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>Extents of the pieces that products are computed in.</summary>
internal static class ProductTile
{
    /// <summary>Rows of a tile, and of a packed strip of the left factor.</summary>
    public const int Rows = 6;

    /// <summary>Columns of a tile.</summary>
    public const int Columns = 32;

    /// <summary>Elements of the inner dimension of a panel; integers of a row or column share a scale for as many. Whole blocks of every quantised type.</summary>
    public const int Depth = 256;

    /// <summary>Columns that are packed for all threads at a time; whole blocks of every quantised type.</summary>
    public const int GroupColumns = 256;

    /// <summary>Distance between rows of a stage: no power of two, so that a column of them does not compete for the same places in the cache.</summary>
    public const int StageStride = GroupColumns + 16;

    /// <summary>Numbers of a stage, where a panel's elements lie as F32 before they are packed.</summary>
    public const int StageSize = Depth * StageStride;
}

/// <summary>
/// In which numbers the factors of a product C[M, N] += A[M, K] B[K, N] are kept while it is computed, packed in words of 32 bits. A row of A has
/// <see cref="RowWords"/> for each 256 elements, a panel of B has tiles of [words][32], with scales for its columns.
/// </summary>
/// <param name="rowWords">Words of a row of A for 256 elements.</param>
internal abstract class ProductFormat(int rowWords)
{
    /// <summary>What it is, and what multiplies.</summary>
    public abstract string Name { get; }

    /// <summary>Words of a row of A for 256 elements, and its distance from the next row's.</summary>
    public int RowWords => rowWords;

    /// <summary>Words of a strip of A for 256 elements, with the scales of its rows behind, in whole cache lines.</summary>
    public int StripWords => ProductTile.Rows * RowWords + 16;

    /// <summary>Words of a panel of 256 columns, with their scales and where their sums start behind.</summary>
    public int PanelWords => (RowWords + 2) * ProductTile.GroupColumns;

    /// <summary>Words that <paramref name="height"/> elements take.</summary>
    public abstract int Words(int height);

    /// <summary>Packs at most 256 elements of a row of A.</summary>
    /// <returns>What an integer stands for.</returns>
    public abstract float PackRow(ReadOnlySpan<float> row, Span<int> words);

    /// <summary>Packs B[k .. k + height, column .. column + width).</summary>
    /// <param name="source">B.</param>
    /// <param name="k">The first row, a multiple of 256.</param>
    /// <param name="height">Rows, at most 256.</param>
    /// <param name="column">The first column, of a tile.</param>
    /// <param name="width">Columns, at most 256.</param>
    /// <param name="panel">Tiles, where those of the first column are to be.</param>
    /// <param name="stage">Room for <see cref="ProductTile.StageSize"/> numbers.</param>
    public abstract void PackPanel(PanelSource source, int k, int height, int column, int width, Panel panel, Span<float> stage);

    /// <summary>sums += A B for some strips of A and a panel of B; sums are 256 columns apart, those of the last tile are all computed.</summary>
    /// <param name="strips">The first strip's words for this panel.</param>
    /// <param name="stripStride">Distance between strips, in words.</param>
    /// <param name="rows">Rows of A; as many strips as they take.</param>
    /// <param name="panel">The panel.</param>
    /// <param name="height">Rows of the panel.</param>
    /// <param name="tiles">Tiles of the panel.</param>
    /// <param name="sums">Rows up to whole strips.</param>
    public abstract void Multiply(ReadOnlySpan<int> strips, int stripStride, int rows, Panel panel, int height, int tiles, Span<float> sums);

    /// <summary>target = sums + A B for all columns of the tiles, to the bit what <see cref="Multiply"/> computes, if that can be written elsewhere.</summary>
    /// <returns>Whether it can; else nothing is computed.</returns>
    public virtual bool TryMultiplyTo(
        ReadOnlySpan<int> strips, int stripStride, int rows, Panel panel, int height, int tiles, ReadOnlySpan<float> sums, Span<float> target, int targetStride) => false;
}

/// <summary>A packed panel, or some tiles of it.</summary>
internal readonly ref struct Panel(Span<int> words, Span<float> scales, Span<int> starts)
{
    public readonly Span<int> Words = words;

    /// <summary>By column, what an integer stands for.</summary>
    public readonly Span<float> Scales = scales;

    /// <summary>By column, where sums of integers start.</summary>
    public readonly Span<int> Starts = starts;

    /// <summary>A panel of 256 columns in memory of <see cref="ProductFormat.PanelWords"/>.</summary>
    public static Panel Of(ProductFormat format, Span<int> memory)
    {
        const int Width = ProductTile.GroupColumns;
        var words = format.RowWords * Width;
        return new Panel(memory[..words], MemoryMarshal.Cast<int, float>(memory.Slice(words, Width)), memory.Slice(words + Width, Width));
    }

    /// <summary>The panel from a column on, where a tile has <paramref name="words"/> rows of words.</summary>
    public Panel From(int column, int words) => new(Words[(column * words)..], Scales[column..], Starts[column..]);
}

/// <summary>The right factor of a product: a matrix of any type, as it lies or transposed.</summary>
/// <param name="Matrix">The tensor.</param>
/// <param name="I2">Which of its matrices.</param>
/// <param name="I3">Which of its matrices.</param>
/// <param name="AlongRows">Whether B[k, n] is element n of row k; else it is element k of row n.</param>
/// <param name="Copy">Where it is kept packed; null packs it each time.</param>
internal readonly record struct PanelSource(TensorPtr Matrix, long I2, long I3, bool AlongRows, CachedMatrix? Copy = null);

/// <summary>F32.</summary>
internal sealed class SingleFormat() : ProductFormat(ProductTile.Depth)
{
    public static readonly SingleFormat Instance = new();

    public override string Name => $"32-bit floats, {MicroKernel.Columns / 2 * 32} bits at a time";

    public override int Words(int height) => height;

    public override float PackRow(ReadOnlySpan<float> row, Span<int> words)
    {
        MemoryMarshal.Cast<float, int>(row).CopyTo(words);
        return 1;
    }

    public override void PackPanel(PanelSource source, int k, int height, int column, int width, Panel panel, Span<float> stage)
    {
        const int Stride = ProductTile.StageStride;
        var rows = new TensorRows(source.Matrix, source.I2, source.I3);
        var tiles = MemoryMarshal.Cast<int, float>(panel.Words);
        for (var i = 0; i < (source.AlongRows ? height : width); i++)
            if (source.AlongRows)
                rows.Read(k + i, column, stage.Slice(i * Stride, width));
            else
                rows.Read(column + i, k, stage.Slice(i * Stride, height));
        if (source.AlongRows)
            TilePacking.PackRows(stage, Stride, height, height, width, tiles);
        else
            TilePacking.PackColumns(stage, Stride, height, width, tiles);
        // Tiles here may be narrower: what the last one lacks to 32 columns is computed, too.
        var padded = (width + ProductTile.Columns - 1) / ProductTile.Columns * ProductTile.Columns;
        tiles[(TilePacking.Padded(width) * height)..(padded * height)].Clear();
    }

    public override void Multiply(ReadOnlySpan<int> strips, int stripStride, int rows, Panel panel, int height, int tiles, Span<float> sums)
    {
        const int Strip = ProductTile.Rows, Stride = ProductTile.GroupColumns;
        var left = MemoryMarshal.Cast<int, float>(strips);
        var right = MemoryMarshal.Cast<int, float>(panel.Words);
        var width = MicroKernel.Columns;
        for (var n = 0; n < tiles * ProductTile.Columns; n += width)
            for (var row = 0; row < rows; row += Strip)
                MicroKernel.Multiply(
                    left[(row / Strip * stripStride)..], RowWords, 1, right.Slice(n * height, width * height), height, sums[(row * Stride + n)..], Stride,
                    accumulate: true);
    }
}
