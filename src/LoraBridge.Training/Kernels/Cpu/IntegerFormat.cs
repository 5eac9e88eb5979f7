using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using LoraBridge.Native.Code;

namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>
/// Integers of 12 or 8 bits: each row of A and each column of B has a scale for every 256 elements of the inner dimension, products are summed exactly
/// in 32 bits, and the sums in F32. So the result is the same, bit for bit, on every processor, whatever its instructions.
/// </summary>
/// <remarks>
/// An instruction that multiplies and adds pairs of 16-bit integers does twice the work of one that multiplies and adds F32, one for fours of bytes four
/// times. The rounding to 12 bits, at 2895 steps to the largest element of a block, changes a product by 3e-4 to 5e-4 of its length: less than BF16
/// (2e-3). That to 8 bits (6e-3 to 1e-2) is how llama.cpp's inference rounds activations.
/// </remarks>
internal sealed class IntegerFormat : ProductFormat
{
    /// <summary>The largest integer of 12 bits: 256 products of two of them fit 32 bits.</summary>
    public const int Largest12 = 2895;

    private const int Largest8 = 127;

    /// <summary>What makes 8 bits of 12.</summary>
    private const float Narrowing = (float)Largest8 / Largest12;

    private readonly int _largest;
    private readonly IntegerTile _tile;

    /// <param name="largest">The largest integer.</param>
    /// <param name="tile">How tiles are multiplied.</param>
    private IntegerFormat(int largest, IntegerTile tile) : base(WordLayout.Words(tile.Element, ProductTile.Depth)) => (_largest, _tile) = (largest, tile);

    /// <summary>Whether this processor multiplies integers faster than F32.</summary>
    public static bool IsSupported => IntegerTile.IsSupported;

    /// <summary>12 bits: in pairs, or in halves of 8 bits.</summary>
    public static IntegerFormat Bits12 { get; } = WithTwelveBits(IntegerTile.Best(TileElement.Int16));

    /// <summary>8 bits: fours where the processor multiplies bytes, else pairs of 16 bits that hold them.</summary>
    public static IntegerFormat Bits8 { get; } = WithEightBits(IntegerTile.Best(TileElement.Int8));

    /// <summary>What multiplies.</summary>
    public IntegerTile Tile => _tile;

    public override string Name => $"{(_largest == Largest8 ? 8 : 12)} bits, {_tile.Name}";

    public static IntegerFormat WithTwelveBits(IntegerTile tile) => new(Largest12, tile);

    public static IntegerFormat WithEightBits(IntegerTile tile) => new(Largest8, tile);

    public override int Words(int height) => WordLayout.Words(_tile.Element, height);

    public override float PackRow(ReadOnlySpan<float> row, Span<int> words)
    {
        if (_tile.Element == TileElement.Int16)
            return FixedPointPanel.PackRow(row, words, _largest);
        Span<int> pairs = stackalloc int[ProductTile.Depth / 2];
        var scale = FixedPointPanel.PackRow(row, pairs, _largest);
        pairs[((row.Length + 1) / 2)..].Clear();
        WordLayout.PackRow(_tile.Element, pairs, words[..Words(row.Length)]);
        return scale;
    }

    public override void PackPanel(PanelSource source, int k, int height, int column, int width, Panel panel, Span<float> stage)
    {
        var padded = (width + ProductTile.Columns - 1) / ProductTile.Columns * ProductTile.Columns;
        var size = padded * ((height + 1) / 2);
        var (isInPlace, isNarrowedLast) = (_tile.Element == TileElement.Int16, _tile.Element == TileElement.Int8);
        using var scratch = new Scratch(isInPlace ? 0 : size);
        var pairs = isInPlace ? panel.Words[..size] : MemoryMarshal.Cast<float, int>(scratch.Floats);
        PanelPacking.Pack(source, k, height, column, width, stage, pairs, panel.Scales);
        if (_largest == Largest8)
        {
            TensorPrimitives.Multiply(panel.Scales[..padded], (float)Largest12 / Largest8, panel.Scales);
            if (!isNarrowedLast)
                PanelPacking.Narrow(pairs, Narrowing);
        }
        if (!isInPlace)
            WordLayout.PackPanel(_tile.Element, pairs, height, padded, panel, isNarrowedLast ? Narrowing : 1);
    }

    public override void Multiply(ReadOnlySpan<int> strips, int stripStride, int rows, Panel panel, int height, int tiles, Span<float> sums) =>
        _tile.Multiply(strips, stripStride, RowWords, rows, panel, Words(height), tiles, sums);

    public override bool TryMultiplyTo(
        ReadOnlySpan<int> strips, int stripStride, int rows, Panel panel, int height, int tiles, ReadOnlySpan<float> sums, Span<float> target, int targetStride) =>
        _tile.TryMultiplyTo(strips, stripStride, rows, panel, Words(height), tiles, sums, target, targetStride);
}
