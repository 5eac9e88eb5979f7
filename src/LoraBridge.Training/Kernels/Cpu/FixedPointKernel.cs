using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>
/// The innermost loop of <see cref="FixedPointGemm"/>: a tile C[6, 32] (+)= s A[6, k] B[k, 32] t on packed integers, which come in
/// pairs of 16 bits along k: one instruction multiplies two pairs and adds the products.
/// </summary>
internal static class FixedPointKernel
{
    /// <summary>Rows of a tile of C.</summary>
    public const int Rows = 6;

    /// <summary>Columns of a tile of C.</summary>
    public const int Columns = 32;

    /// <summary>Pairs in a packed row of A, used or not.</summary>
    private const int RowPairs = FixedPointGemm.PanelDepth / 2;

    /// <summary>Whether this processor has the instructions.</summary>
    public static bool IsSupported => Avx2.IsSupported;

    /// <param name="a">Packed A: [6][128] pairs.</param>
    /// <param name="b">Packed B: [pairs][32] pairs.</param>
    /// <param name="pairs">How many pairs of k.</param>
    /// <param name="rows">How many rows of the tile are wanted; others may be computed, too.</param>
    /// <param name="rowScales">s, by row.</param>
    /// <param name="columnScales">t, by column.</param>
    /// <param name="c">The tile's first element.</param>
    /// <param name="stride">Distance between the tile's rows, in elements.</param>
    /// <param name="accumulate">Whether C is added to instead of overwritten.</param>
    public static void Multiply(
        ReadOnlySpan<int> a, ReadOnlySpan<int> b, int pairs, int rows, ReadOnlySpan<float> rowScales, ReadOnlySpan<float> columnScales,
        Span<float> c, int stride, bool accumulate)
    {
        // The loops below read through references: these checks are their only bounds checks.
        ArgumentOutOfRangeException.ThrowIfLessThan(a.Length, Rows * RowPairs);
        ArgumentOutOfRangeException.ThrowIfLessThan(b.Length, pairs * Columns);
        ArgumentOutOfRangeException.ThrowIfLessThan(rowScales.Length, Rows);
        ArgumentOutOfRangeException.ThrowIfLessThan(columnScales.Length, Columns);
        ArgumentOutOfRangeException.ThrowIfLessThan(c.Length, (Rows - 1) * stride + Columns);

        ref var a0 = ref Unsafe.AsRef(in a[0]);
        ref var b0 = ref Unsafe.AsRef(in b[0]);
        ref var s = ref Unsafe.AsRef(in rowScales[0]);
        ref var t = ref Unsafe.AsRef(in columnScales[0]);
        if (Avx512BW.IsSupported)
        {
            if (rows > Rows / 2)
                Multiply512(ref a0, ref b0, pairs, ref s, ref t, ref c[0], (nuint)stride, accumulate);
            else
                MultiplyHalf512(ref a0, ref b0, pairs, ref s, ref t, ref c[0], (nuint)stride, accumulate);
            return;
        }
        // 256 bits have half the columns, and 16 registers room for half of the tile.
        for (var half = 0; half < Columns; half += 16)
            for (var row = 0; row < rows; row += Rows / 2)
                Multiply256(
                    ref Unsafe.Add(ref a0, row * RowPairs), ref Unsafe.Add(ref b0, half), pairs, ref Unsafe.Add(ref s, row),
                    ref Unsafe.Add(ref t, half), ref Unsafe.Add(ref c[0], row * stride + half), (nuint)stride, accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Multiply512(
        ref int a, ref int b, int pairs, ref float s, ref float t, ref float c, nuint stride, bool accumulate)
    {
        Vector512<int> c00 = default, c01 = default, c10 = default, c11 = default, c20 = default, c21 = default;
        Vector512<int> c30 = default, c31 = default, c40 = default, c41 = default, c50 = default, c51 = default;
        for (var k = 0; k < pairs; k++)
        {
            var left = Vector512.LoadUnsafe(ref b).AsInt16();
            var right = Vector512.LoadUnsafe(ref b, 16).AsInt16();
            var x = Vector512.Create(a).AsInt16();
            c00 += Avx512BW.MultiplyAddAdjacent(x, left);
            c01 += Avx512BW.MultiplyAddAdjacent(x, right);
            x = Vector512.Create(Unsafe.Add(ref a, RowPairs)).AsInt16();
            c10 += Avx512BW.MultiplyAddAdjacent(x, left);
            c11 += Avx512BW.MultiplyAddAdjacent(x, right);
            x = Vector512.Create(Unsafe.Add(ref a, 2 * RowPairs)).AsInt16();
            c20 += Avx512BW.MultiplyAddAdjacent(x, left);
            c21 += Avx512BW.MultiplyAddAdjacent(x, right);
            x = Vector512.Create(Unsafe.Add(ref a, 3 * RowPairs)).AsInt16();
            c30 += Avx512BW.MultiplyAddAdjacent(x, left);
            c31 += Avx512BW.MultiplyAddAdjacent(x, right);
            x = Vector512.Create(Unsafe.Add(ref a, 4 * RowPairs)).AsInt16();
            c40 += Avx512BW.MultiplyAddAdjacent(x, left);
            c41 += Avx512BW.MultiplyAddAdjacent(x, right);
            x = Vector512.Create(Unsafe.Add(ref a, 5 * RowPairs)).AsInt16();
            c50 += Avx512BW.MultiplyAddAdjacent(x, left);
            c51 += Avx512BW.MultiplyAddAdjacent(x, right);
            a = ref Unsafe.Add(ref a, 1);
            b = ref Unsafe.Add(ref b, Columns);
        }

        var (low, high) = (Vector512.LoadUnsafe(ref t), Vector512.LoadUnsafe(ref t, 16));
        Store512(ref c, 0 * stride, c00, c01, low, high, s, accumulate);
        Store512(ref c, 1 * stride, c10, c11, low, high, Unsafe.Add(ref s, 1), accumulate);
        Store512(ref c, 2 * stride, c20, c21, low, high, Unsafe.Add(ref s, 2), accumulate);
        Store512(ref c, 3 * stride, c30, c31, low, high, Unsafe.Add(ref s, 3), accumulate);
        Store512(ref c, 4 * stride, c40, c41, low, high, Unsafe.Add(ref s, 4), accumulate);
        Store512(ref c, 5 * stride, c50, c51, low, high, Unsafe.Add(ref s, 5), accumulate);
    }

    private static void Store512(
        ref float c, nuint offset, Vector512<int> left, Vector512<int> right, Vector512<float> low, Vector512<float> high, float s,
        bool accumulate)
    {
        var scale = Vector512.Create(s);
        var (x, y) = (Vector512.ConvertToSingle(left) * (low * scale), Vector512.ConvertToSingle(right) * (high * scale));
        if (accumulate)
        {
            x += Vector512.LoadUnsafe(ref c, offset);
            y += Vector512.LoadUnsafe(ref c, offset + 16);
        }

        x.StoreUnsafe(ref c, offset);
        y.StoreUnsafe(ref c, offset + 16);
    }

    /// <summary>The upper half of a tile.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void MultiplyHalf512(
        ref int a, ref int b, int pairs, ref float s, ref float t, ref float c, nuint stride, bool accumulate)
    {
        Vector512<int> c00 = default, c01 = default, c10 = default, c11 = default, c20 = default, c21 = default;
        for (var k = 0; k < pairs; k++)
        {
            var left = Vector512.LoadUnsafe(ref b).AsInt16();
            var right = Vector512.LoadUnsafe(ref b, 16).AsInt16();
            var x = Vector512.Create(a).AsInt16();
            c00 += Avx512BW.MultiplyAddAdjacent(x, left);
            c01 += Avx512BW.MultiplyAddAdjacent(x, right);
            x = Vector512.Create(Unsafe.Add(ref a, RowPairs)).AsInt16();
            c10 += Avx512BW.MultiplyAddAdjacent(x, left);
            c11 += Avx512BW.MultiplyAddAdjacent(x, right);
            x = Vector512.Create(Unsafe.Add(ref a, 2 * RowPairs)).AsInt16();
            c20 += Avx512BW.MultiplyAddAdjacent(x, left);
            c21 += Avx512BW.MultiplyAddAdjacent(x, right);
            a = ref Unsafe.Add(ref a, 1);
            b = ref Unsafe.Add(ref b, Columns);
        }

        var (low, high) = (Vector512.LoadUnsafe(ref t), Vector512.LoadUnsafe(ref t, 16));
        Store512(ref c, 0 * stride, c00, c01, low, high, s, accumulate);
        Store512(ref c, 1 * stride, c10, c11, low, high, Unsafe.Add(ref s, 1), accumulate);
        Store512(ref c, 2 * stride, c20, c21, low, high, Unsafe.Add(ref s, 2), accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Multiply256(
        ref int a, ref int b, int pairs, ref float s, ref float t, ref float c, nuint stride, bool accumulate)
    {
        Vector256<int> c00 = default, c01 = default, c10 = default, c11 = default, c20 = default, c21 = default;
        for (var k = 0; k < pairs; k++)
        {
            var left = Vector256.LoadUnsafe(ref b).AsInt16();
            var right = Vector256.LoadUnsafe(ref b, 8).AsInt16();
            var x = Vector256.Create(a).AsInt16();
            c00 += Avx2.MultiplyAddAdjacent(x, left);
            c01 += Avx2.MultiplyAddAdjacent(x, right);
            x = Vector256.Create(Unsafe.Add(ref a, RowPairs)).AsInt16();
            c10 += Avx2.MultiplyAddAdjacent(x, left);
            c11 += Avx2.MultiplyAddAdjacent(x, right);
            x = Vector256.Create(Unsafe.Add(ref a, 2 * RowPairs)).AsInt16();
            c20 += Avx2.MultiplyAddAdjacent(x, left);
            c21 += Avx2.MultiplyAddAdjacent(x, right);
            a = ref Unsafe.Add(ref a, 1);
            b = ref Unsafe.Add(ref b, Columns);
        }

        var (low, high) = (Vector256.LoadUnsafe(ref t), Vector256.LoadUnsafe(ref t, 8));
        Store256(ref c, 0 * stride, c00, c01, low, high, s, accumulate);
        Store256(ref c, 1 * stride, c10, c11, low, high, Unsafe.Add(ref s, 1), accumulate);
        Store256(ref c, 2 * stride, c20, c21, low, high, Unsafe.Add(ref s, 2), accumulate);
    }

    private static void Store256(
        ref float c, nuint offset, Vector256<int> left, Vector256<int> right, Vector256<float> low, Vector256<float> high, float s,
        bool accumulate)
    {
        var scale = Vector256.Create(s);
        var (x, y) = (Vector256.ConvertToSingle(left) * (low * scale), Vector256.ConvertToSingle(right) * (high * scale));
        if (accumulate)
        {
            x += Vector256.LoadUnsafe(ref c, offset);
            y += Vector256.LoadUnsafe(ref c, offset + 8);
        }

        x.StoreUnsafe(ref c, offset);
        y.StoreUnsafe(ref c, offset + 8);
    }
}
