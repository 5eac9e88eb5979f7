using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
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

    private readonly int _largest;
    private readonly IntegerTile _tile;

    /// <param name="largest">The largest integer.</param>
    /// <param name="tile">How tiles are multiplied.</param>
    private IntegerFormat(int largest, IntegerTile tile) => (_largest, _tile) = (largest, tile);

    /// <summary>Whether this processor multiplies integers faster than F32.</summary>
    public static bool IsSupported => IntegerTile.IsSupported;

    /// <summary>12 bits, in pairs.</summary>
    public static IntegerFormat Bits12 { get; } = WithTwelveBits(IntegerTile.Best(TileElement.Int16));

    /// <summary>8 bits: fours where the processor multiplies bytes, else pairs of 16 bits that hold them.</summary>
    public static IntegerFormat Bits8 { get; } = WithEightBits(IntegerTile.Best(TileElement.Int8));

    /// <summary>What multiplies.</summary>
    public IntegerTile Tile => _tile;

    public override string Name => $"{(_largest == Largest8 ? 8 : 12)} bits, {_tile.Name}";

    private bool IsBytes => _tile.Element == TileElement.Int8;

    public static IntegerFormat WithTwelveBits(IntegerTile tile) => new(Largest12, tile);

    public static IntegerFormat WithEightBits(IntegerTile tile) => new(Largest8, tile);

    public override int Words(int height) => IsBytes ? (height + 3) / 4 : (height + 1) / 2;

    public override float PackRow(ReadOnlySpan<float> row, Span<int> words)
    {
        if (!IsBytes)
            return FixedPointPanel.PackRow(row, words, _largest);
        Span<int> pairs = stackalloc int[ProductTile.Depth / 2];
        var scale = FixedPointPanel.PackRow(row, pairs, _largest);
        pairs[((row.Length + 1) / 2)..(2 * Words(row.Length))].Clear();
        ToBytesWithoutSign(MemoryMarshal.Cast<int, short>(pairs)[..(4 * Words(row.Length))], MemoryMarshal.AsBytes(words));
        return scale;
    }

    public override void PackPanel(PanelSource source, int k, int height, int column, int width, Panel panel, Span<float> stage)
    {
        var padded = (width + ProductTile.Columns - 1) / ProductTile.Columns * ProductTile.Columns;
        var pairs = (height + 1) / 2;
        if (_largest == Largest12)
        {
            PanelPacking.Pack(source, k, height, column, width, stage, panel.Words, panel.Scales);
            return;
        }

        using var scratch = new Scratch(padded * pairs);
        var packed = MemoryMarshal.Cast<float, int>(scratch.Floats);
        PanelPacking.Pack(source, k, height, column, width, stage, packed, panel.Scales);
        for (var n = 0; n < padded; n++)
            panel.Scales[n] *= (float)Largest12 / Largest8;
        PanelPacking.Narrow(packed, (float)Largest8 / Largest12);
        if (IsBytes)
            ToBytes(packed, pairs, padded, panel);
        else
            packed.CopyTo(panel.Words);
    }

    public override void Multiply(ReadOnlySpan<int> strips, int stripStride, int rows, Panel panel, int height, int tiles, Span<float> sums) =>
        _tile.Multiply(strips, stripStride, RowWords, rows, panel, Words(height), tiles, sums);

    /// <summary>b + 128.</summary>
    private static void ToBytesWithoutSign(ReadOnlySpan<short> numbers, Span<byte> bytes)
    {
        for (var i = 0; i < numbers.Length; i++)
            bytes[i] = (byte)(numbers[i] + 128);
    }

    /// <summary>Tiles of pairs become tiles of fours. What the 128 in each byte of the left factor adds is taken off where sums start.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void ToBytes(ReadOnlySpan<int> packed, int pairs, int padded, Panel panel)
    {
        const int Tile = ProductTile.Columns, Lanes = 8;
        var fours = (pairs + 1) / 2;
        var (low, second, one) = (Vector256.Create(0xFF), Vector256.Create(0xFF00), Vector256.Create((byte)1));
        for (var n = 0; n < padded; n += Lanes)
        {
            var from = packed.Slice(n / Tile * pairs * Tile, pairs * Tile);
            var to = panel.Words.Slice(n / Tile * fours * Tile, fours * Tile);
            var sum = Vector256<int>.Zero;
            for (var four = 0; four < fours; four++)
            {
                var first = Vector256.Create(from.Slice(2 * four * Tile + n % Tile, Lanes));
                var other = 2 * four + 1 < pairs ? Vector256.Create(from.Slice((2 * four + 1) * Tile + n % Tile, Lanes)) : Vector256<int>.Zero;
                var bytes = (first & low) | ((first >>> 8) & second) | (((other & low) | ((other >>> 8) & second)) << 16);
                bytes.CopyTo(to[(four * Tile + n % Tile)..]);
                sum += Avx2.MultiplyAddAdjacent(Avx2.MultiplyAddAdjacent(one, bytes.AsSByte()), Vector256.Create((short)1));
            }
            (sum * -128).CopyTo(panel.Starts[n..]);
        }
    }
}
