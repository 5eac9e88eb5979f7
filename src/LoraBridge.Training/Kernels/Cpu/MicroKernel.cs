using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>
/// The innermost loop of products in F32: C[6, n] (+)= A[6, k] B[k, n] on a packed B, with n the width of one tile.
/// Twelve accumulators stay in registers while k runs: enough to hide the latency of two fused multiply-adds per cycle.
/// </summary>
internal static class MicroKernel
{
    /// <summary>Rows of a tile of C.</summary>
    public const int Rows = 6;

    /// <summary>Columns of a tile of C: two vectors of the widest kind the processor has.</summary>
    public static int Columns => Vector512.IsHardwareAccelerated ? 32 : 16;

    /// <param name="a">The first element of A.</param>
    /// <param name="rowStride">Distance between the rows of A, in elements.</param>
    /// <param name="columnStride">Distance between the columns of A, in elements.</param>
    /// <param name="b">Packed B: [k][Columns].</param>
    /// <param name="depth">How many k.</param>
    /// <param name="c">The tile's first element.</param>
    /// <param name="stride">Distance between the tile's rows, in elements.</param>
    /// <param name="accumulate">Whether C is added to instead of overwritten.</param>
    public static void Multiply(
        ReadOnlySpan<float> a, int rowStride, int columnStride, ReadOnlySpan<float> b, int depth, Span<float> c, int stride, bool accumulate)
    {
        // The loops below read through references: these three checks are their only bounds checks.
        ArgumentOutOfRangeException.ThrowIfLessThan(a.Length, (Rows - 1) * rowStride + (depth - 1) * columnStride + 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(b.Length, depth * Columns);
        ArgumentOutOfRangeException.ThrowIfLessThan(c.Length, (Rows - 1) * stride + Columns);

        ref var a0 = ref Unsafe.AsRef(in a[0]);
        ref var b0 = ref Unsafe.AsRef(in b[0]);
        var (row, column) = ((nuint)rowStride, (nuint)columnStride);
        if (Vector512.IsHardwareAccelerated)
            Multiply512(ref a0, row, column, ref b0, depth, ref c[0], (nuint)stride, accumulate);
        else
            Multiply256(ref a0, row, column, ref b0, depth, ref c[0], (nuint)stride, accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Multiply256(
        ref float a, nuint row, nuint column, ref float b, int depth, ref float c, nuint stride, bool accumulate)
    {
        var (row2, row3, row4, row5) = (2 * row, 3 * row, 4 * row, 5 * row);
        Vector256<float> c00 = default, c01 = default, c10 = default, c11 = default, c20 = default, c21 = default;
        Vector256<float> c30 = default, c31 = default, c40 = default, c41 = default, c50 = default, c51 = default;
        for (var k = 0; k < depth; k++)
        {
            var left = Vector256.LoadUnsafe(ref b);
            var right = Vector256.LoadUnsafe(ref b, 8);
            var x = Vector256.Create(a);
            c00 = Vector256.FusedMultiplyAdd(x, left, c00);
            c01 = Vector256.FusedMultiplyAdd(x, right, c01);
            x = Vector256.Create(Unsafe.Add(ref a, row));
            c10 = Vector256.FusedMultiplyAdd(x, left, c10);
            c11 = Vector256.FusedMultiplyAdd(x, right, c11);
            x = Vector256.Create(Unsafe.Add(ref a, row2));
            c20 = Vector256.FusedMultiplyAdd(x, left, c20);
            c21 = Vector256.FusedMultiplyAdd(x, right, c21);
            x = Vector256.Create(Unsafe.Add(ref a, row3));
            c30 = Vector256.FusedMultiplyAdd(x, left, c30);
            c31 = Vector256.FusedMultiplyAdd(x, right, c31);
            x = Vector256.Create(Unsafe.Add(ref a, row4));
            c40 = Vector256.FusedMultiplyAdd(x, left, c40);
            c41 = Vector256.FusedMultiplyAdd(x, right, c41);
            x = Vector256.Create(Unsafe.Add(ref a, row5));
            c50 = Vector256.FusedMultiplyAdd(x, left, c50);
            c51 = Vector256.FusedMultiplyAdd(x, right, c51);
            a = ref Unsafe.Add(ref a, column);
            b = ref Unsafe.Add(ref b, 16);
        }

        Store256(ref c, 0 * stride, c00, c01, accumulate);
        Store256(ref c, 1 * stride, c10, c11, accumulate);
        Store256(ref c, 2 * stride, c20, c21, accumulate);
        Store256(ref c, 3 * stride, c30, c31, accumulate);
        Store256(ref c, 4 * stride, c40, c41, accumulate);
        Store256(ref c, 5 * stride, c50, c51, accumulate);
    }

    private static void Store256(ref float c, nuint offset, Vector256<float> left, Vector256<float> right, bool accumulate)
    {
        if (accumulate)
        {
            left += Vector256.LoadUnsafe(ref c, offset);
            right += Vector256.LoadUnsafe(ref c, offset + 8);
        }

        left.StoreUnsafe(ref c, offset);
        right.StoreUnsafe(ref c, offset + 8);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Multiply512(
        ref float a, nuint row, nuint column, ref float b, int depth, ref float c, nuint stride, bool accumulate)
    {
        var (row2, row3, row4, row5) = (2 * row, 3 * row, 4 * row, 5 * row);
        Vector512<float> c00 = default, c01 = default, c10 = default, c11 = default, c20 = default, c21 = default;
        Vector512<float> c30 = default, c31 = default, c40 = default, c41 = default, c50 = default, c51 = default;
        for (var k = 0; k < depth; k++)
        {
            var left = Vector512.LoadUnsafe(ref b);
            var right = Vector512.LoadUnsafe(ref b, 16);
            var x = Vector512.Create(a);
            c00 = Vector512.FusedMultiplyAdd(x, left, c00);
            c01 = Vector512.FusedMultiplyAdd(x, right, c01);
            x = Vector512.Create(Unsafe.Add(ref a, row));
            c10 = Vector512.FusedMultiplyAdd(x, left, c10);
            c11 = Vector512.FusedMultiplyAdd(x, right, c11);
            x = Vector512.Create(Unsafe.Add(ref a, row2));
            c20 = Vector512.FusedMultiplyAdd(x, left, c20);
            c21 = Vector512.FusedMultiplyAdd(x, right, c21);
            x = Vector512.Create(Unsafe.Add(ref a, row3));
            c30 = Vector512.FusedMultiplyAdd(x, left, c30);
            c31 = Vector512.FusedMultiplyAdd(x, right, c31);
            x = Vector512.Create(Unsafe.Add(ref a, row4));
            c40 = Vector512.FusedMultiplyAdd(x, left, c40);
            c41 = Vector512.FusedMultiplyAdd(x, right, c41);
            x = Vector512.Create(Unsafe.Add(ref a, row5));
            c50 = Vector512.FusedMultiplyAdd(x, left, c50);
            c51 = Vector512.FusedMultiplyAdd(x, right, c51);
            a = ref Unsafe.Add(ref a, column);
            b = ref Unsafe.Add(ref b, 32);
        }

        Store512(ref c, 0 * stride, c00, c01, accumulate);
        Store512(ref c, 1 * stride, c10, c11, accumulate);
        Store512(ref c, 2 * stride, c20, c21, accumulate);
        Store512(ref c, 3 * stride, c30, c31, accumulate);
        Store512(ref c, 4 * stride, c40, c41, accumulate);
        Store512(ref c, 5 * stride, c50, c51, accumulate);
    }

    private static void Store512(ref float c, nuint offset, Vector512<float> left, Vector512<float> right, bool accumulate)
    {
        if (accumulate)
        {
            left += Vector512.LoadUnsafe(ref c, offset);
            right += Vector512.LoadUnsafe(ref c, offset + 16);
        }

        left.StoreUnsafe(ref c, offset);
        right.StoreUnsafe(ref c, offset + 16);
    }
}
