using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>
/// Packs the factors of a fixed-point product. Integers of 16 bits come in pairs along the inner dimension k, the even one in the low
/// half of 32 bits: A as [row][k / 2], B in tiles of 32 columns as [tile][k / 2][32].
/// </summary>
/// <remarks>The largest of some numbers is found among their bits without sign: as integers they have the same order, and NaN is larger than all.</remarks>
internal static class FixedPointPanel
{
    private const int Tile = ProductTile.Columns, RowPairs = ProductTile.Depth / 2, Stride = ProductTile.StageStride;

    /// <summary>Rounds a row to pairs of integers.</summary>
    /// <param name="row">The row.</param>
    /// <param name="pairs">The integers.</param>
    /// <param name="most">The largest integer.</param>
    /// <returns>What an integer stands for.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float PackRow(ReadOnlySpan<float> row, Span<int> pairs, int most = IntegerFormat.Largest12)
    {
        var largest = LargestOf(row);
        if (!(largest > 0))
        {
            // Zeros, or no numbers: those must reach the loss, so that training notices.
            pairs[..((row.Length + 1) / 2)].Clear();
            return float.IsNaN(largest) ? float.NaN : 0;
        }

        var factor = most / largest;
        ref var from = ref Unsafe.AsRef(in row[0]);
        ref var to = ref pairs[..((row.Length + 1) / 2)][0];
        var whole = row.Length / 16 * 16;
        for (nuint i = 0; i < (nuint)whole; i += 16)
        {
            var low = VectorInstructions.RoundToInt32(Vector256.LoadUnsafe(ref from, i) * factor);
            var high = VectorInstructions.RoundToInt32(Vector256.LoadUnsafe(ref from, i + 8) * factor);
            VectorInstructions.NarrowToInt16(low, high).AsInt32().StoreUnsafe(ref to, i / 2);
        }
        for (var i = whole; i < row.Length; i += 2)
            pairs[i / 2] = Pair(Round(row[i] * factor), i + 1 < row.Length ? Round(row[i + 1] * factor) : 0);
        return largest / most;
    }

    /// <summary>Packs a stage [height][width] of B.</summary>
    /// <param name="stage">Its rows, <see cref="ProductTile.StageStride"/> apart, with room for whole tiles in each.</param>
    /// <param name="height">Rows.</param>
    /// <param name="width">Columns.</param>
    /// <param name="panel">The integers.</param>
    /// <param name="scales">By column, what an integer stands for.</param>
    public static void PackColumns(Span<float> stage, int height, int width, Span<int> panel, Span<float> scales)
    {
        var padded = (width + Tile - 1) / Tile * Tile;
        for (var k = 0; k < height && width < padded; k++)
            stage[(k * Stride + width)..(k * Stride + padded)].Clear();

        // One row more, of zeros, makes pairs of an odd number of them.
        var pairs = (height + 1) / 2;
        if (height % 2 == 1)
            stage.Slice(height * Stride, padded).Clear();
        var lanes = Vector256<float>.Count;
        for (var n = 0; n < padded; n += lanes)
        {
            ref var from = ref stage[..((2 * pairs - 1) * Stride + padded)][n];
            ref var to = ref panel.Slice(n / Tile * pairs * Tile, pairs * Tile)[n % Tile];
            ref var scale = ref scales.Slice(n, lanes)[0];
            PackColumns(ref from, pairs, ref to, ref scale);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void PackColumns(ref float stage, int pairs, ref int panel, ref float scales)
    {
        var sign = Vector256.Create(int.MaxValue);
        var largest = Vector256<int>.Zero;
        ref var from = ref stage;
        for (var k = 0; k < 2 * pairs; k++, from = ref Unsafe.Add(ref from, Stride))
            largest = Vector256.Max(largest, Vector256.LoadUnsafe(ref from).AsInt32() & sign);
        (largest.AsSingle() / IntegerFormat.Largest12).StoreUnsafe(ref scales);
        var factor = Vector256.ConditionalSelect(
            Vector256.Equals(largest, Vector256<int>.Zero).AsSingle(), Vector256<float>.Zero, Vector256.Create((float)IntegerFormat.Largest12) / largest.AsSingle());

        from = ref stage;
        for (var pair = 0; pair < pairs; pair++, from = ref Unsafe.Add(ref from, 2 * Stride))
        {
            var low = VectorInstructions.RoundToInt32(Vector256.LoadUnsafe(ref from) * factor);
            var high = VectorInstructions.RoundToInt32(Vector256.LoadUnsafe(ref from, Stride) * factor);
            ((low & Vector256.Create(0xFFFF)) | (high << 16)).StoreUnsafe(ref panel, (nuint)(pair * Tile));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float LargestOf(ReadOnlySpan<float> row)
    {
        var (even, odd) = (Vector256<int>.Zero, Vector256<int>.Zero);
        var sign = Vector256.Create(int.MaxValue);
        ref var from = ref Unsafe.AsRef(in row[0]);
        var i = 0;
        for (; i + 16 <= row.Length; i += 16)
        {
            even = Vector256.Max(even, Vector256.LoadUnsafe(ref from, (nuint)i).AsInt32() & sign);
            odd = Vector256.Max(odd, Vector256.LoadUnsafe(ref from, (nuint)i + 8).AsInt32() & sign);
        }
        even = Vector256.Max(even, odd);
        var four = Vector128.Max(even.GetLower(), even.GetUpper());
        var two = Vector128.Max(four, Vector128.Shuffle(four, Vector128.Create(2, 3, 0, 1)));
        var result = Math.Max(two[0], two[1]);
        for (; i < row.Length; i++)
            result = Math.Max(result, BitConverter.SingleToInt32Bits(row[i]) & int.MaxValue);
        return BitConverter.Int32BitsToSingle(result);
    }

    private static int Round(float value) => (int)MathF.Round(value);

    private static int Pair(int even, int odd) => (even & 0xFFFF) | (odd << 16);
}
