using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace LoraBridge.Training.Kernels;

/// <summary>
/// Packs the factors of a fixed-point product. Integers of 16 bits come in pairs along the inner dimension k, the even one in the low
/// half of 32 bits: A as [row][k / 2], B in tiles of 32 columns as [tile][k / 2][32].
/// </summary>
internal static class FixedPointPanel
{
    private const int Tile = FixedPointKernel.Columns, RowPairs = FixedPointGemm.PanelDepth / 2;

    /// <summary>Packs <paramref name="rows"/> rows of A, <paramref name="height"/> elements of each; missing rows become zeros.</summary>
    public static void PackRows(ReadOnlySpan<float> a, int stride, int rows, int height, Span<int> strip, Span<float> scales)
    {
        for (var r = 0; r < FixedPointKernel.Rows; r++)
        {
            var target = strip.Slice(r * RowPairs, RowPairs);
            if (r < rows)
                scales[r] = PackRow(a.Slice(r * stride, height), target);
            else
            {
                target.Clear();
                scales[r] = 0;
            }
        }
    }

    /// <summary>Rounds a row to pairs of integers.</summary>
    /// <returns>What an integer stands for.</returns>
    public static float PackRow(ReadOnlySpan<float> row, Span<int> pairs)
    {
        var largest = LargestOf(row);
        if (!(largest > 0))
        {
            // Zeros, or no numbers: those must reach the loss, so that training notices.
            pairs[..((row.Length + 1) / 2)].Clear();
            return float.IsNaN(largest) ? float.NaN : 0;
        }

        var factor = FixedPointGemm.Largest / largest;
        ref var from = ref Unsafe.AsRef(in row[0]);
        ref var to = ref pairs[0];
        var whole = row.Length / 16 * 16;
        for (nuint i = 0; i < (nuint)whole; i += 16)
        {
            // Rounds to nearest; packing to 16 bits works within halves of 128 bits, which the permutation puts in order.
            var low = Avx.ConvertToVector256Int32(Vector256.LoadUnsafe(ref from, i) * factor);
            var high = Avx.ConvertToVector256Int32(Vector256.LoadUnsafe(ref from, i + 8) * factor);
            Avx2.Permute4x64(Avx2.PackSignedSaturate(low, high).AsInt64(), 0b11_01_10_00).AsInt32().StoreUnsafe(ref to, i / 2);
        }
        for (var i = whole; i < row.Length; i += 2)
            pairs[i / 2] = Pair(Round(row[i] * factor), i + 1 < row.Length ? Round(row[i + 1] * factor) : 0);
        return largest / FixedPointGemm.Largest;
    }

    /// <summary>Packs a stage [height][width] of B.</summary>
    /// <param name="stage">Its rows, <see cref="FixedPointGemm.StageColumns"/> apart, room for whole tiles in each.</param>
    /// <param name="height">Rows.</param>
    /// <param name="width">Columns.</param>
    /// <param name="panel">The integers.</param>
    /// <param name="scales">By column, what an integer stands for.</param>
    public static void PackColumns(Span<float> stage, int height, int width, Span<int> panel, Span<float> scales)
    {
        const int Stride = FixedPointGemm.StageColumns;
        var padded = (width + Tile - 1) / Tile * Tile;
        Span<float> factors = stackalloc float[Stride];
        factors = factors[..padded];
        factors.Clear();
        for (var k = 0; k < height; k++)
        {
            stage[(k * Stride + width)..(k * Stride + padded)].Clear();
            RaiseTo(stage.Slice(k * Stride, padded), factors);
        }
        TensorPrimitives.Divide(factors, FixedPointGemm.Largest, scales[..padded]);
        for (var n = 0; n < padded; n++)
            factors[n] = factors[n] > 0 ? FixedPointGemm.Largest / factors[n] : 0;

        var pairs = (height + 1) / 2;
        for (var pair = 0; pair < pairs; pair++)
        {
            var even = stage.Slice(2 * pair * Stride, padded);
            var odd = 2 * pair + 1 < height ? stage.Slice((2 * pair + 1) * Stride, padded) : default;
            for (var n = 0; n < padded; n += 8)
            {
                var factor = Vector256.Create((ReadOnlySpan<float>)factors.Slice(n, 8));
                var low = Avx.ConvertToVector256Int32(Vector256.Create((ReadOnlySpan<float>)even.Slice(n, 8)) * factor);
                var high = odd.IsEmpty ? default : Avx.ConvertToVector256Int32(Vector256.Create((ReadOnlySpan<float>)odd.Slice(n, 8)) * factor);
                ((low & Vector256.Create(0xFFFF)) | (high << 16)).CopyTo(panel.Slice((n / Tile * pairs + pair) * Tile + n % Tile, 8));
            }
        }
    }

    /// <summary>largest[i] = max(largest[i], |row[i]|), for whole vectors. As integers, floats without sign have the same order, and NaN is the largest.</summary>
    private static void RaiseTo(ReadOnlySpan<float> row, Span<float> largest)
    {
        for (var i = 0; i < row.Length; i += Vector256<float>.Count)
        {
            var target = largest.Slice(i, Vector256<float>.Count);
            var magnitude = Vector256.Create(row.Slice(i, Vector256<float>.Count)).AsInt32() & Vector256.Create(int.MaxValue);
            Vector256.Max(Vector256.Create((ReadOnlySpan<float>)target).AsInt32(), magnitude).AsSingle().CopyTo(target);
        }
    }

    private static float LargestOf(ReadOnlySpan<float> row)
    {
        var largest = Vector256<int>.Zero;
        var i = 0;
        for (; i + Vector256<float>.Count <= row.Length; i += Vector256<float>.Count)
            largest = Vector256.Max(largest, Vector256.Create(row.Slice(i, Vector256<float>.Count)).AsInt32() & Vector256.Create(int.MaxValue));
        var result = 0;
        for (var lane = 0; lane < Vector256<int>.Count; lane++)
            result = Math.Max(result, largest[lane]);
        for (; i < row.Length; i++)
            result = Math.Max(result, BitConverter.SingleToInt32Bits(row[i]) & int.MaxValue);
        return BitConverter.Int32BitsToSingle(result);
    }

    private static int Round(float value) => (int)MathF.Round(value);

    private static int Pair(int even, int odd) => (even & 0xFFFF) | (odd << 16);
}
