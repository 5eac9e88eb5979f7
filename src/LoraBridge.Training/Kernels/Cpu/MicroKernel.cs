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
    public static int Columns => Vector512.IsHardwareAccelerated ? 32 : Vector256.IsHardwareAccelerated ? 16 : 8;

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
            Multiply<Vector512<float>, Lanes512>(ref a0, row, column, ref b0, depth, ref c[0], (nuint)stride, accumulate);
        else if (Vector256.IsHardwareAccelerated)
            Multiply<Vector256<float>, Lanes256>(ref a0, row, column, ref b0, depth, ref c[0], (nuint)stride, accumulate);
        else
            Multiply<Vector128<float>, Lanes128>(ref a0, row, column, ref b0, depth, ref c[0], (nuint)stride, accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Multiply<TVector, TLanes>(
        ref float a, nuint row, nuint column, ref float b, int depth, ref float c, nuint stride, bool accumulate)
        where TVector : struct
        where TLanes : ILanes<TVector>
    {
        var (row2, row3, row4, row5) = (2 * row, 3 * row, 4 * row, 5 * row);
        TVector c00 = default, c01 = default, c10 = default, c11 = default, c20 = default, c21 = default;
        TVector c30 = default, c31 = default, c40 = default, c41 = default, c50 = default, c51 = default;
        for (var k = 0; k < depth; k++)
        {
            var left = TLanes.Load(ref b, 0);
            var right = TLanes.Load(ref b, (nuint)TLanes.Count);
            var x = TLanes.Fill(a);
            c00 = TLanes.MultiplyAdd(x, left, c00);
            c01 = TLanes.MultiplyAdd(x, right, c01);
            x = TLanes.Fill(Unsafe.Add(ref a, row));
            c10 = TLanes.MultiplyAdd(x, left, c10);
            c11 = TLanes.MultiplyAdd(x, right, c11);
            x = TLanes.Fill(Unsafe.Add(ref a, row2));
            c20 = TLanes.MultiplyAdd(x, left, c20);
            c21 = TLanes.MultiplyAdd(x, right, c21);
            x = TLanes.Fill(Unsafe.Add(ref a, row3));
            c30 = TLanes.MultiplyAdd(x, left, c30);
            c31 = TLanes.MultiplyAdd(x, right, c31);
            x = TLanes.Fill(Unsafe.Add(ref a, row4));
            c40 = TLanes.MultiplyAdd(x, left, c40);
            c41 = TLanes.MultiplyAdd(x, right, c41);
            x = TLanes.Fill(Unsafe.Add(ref a, row5));
            c50 = TLanes.MultiplyAdd(x, left, c50);
            c51 = TLanes.MultiplyAdd(x, right, c51);
            a = ref Unsafe.Add(ref a, column);
            b = ref Unsafe.Add(ref b, 2 * TLanes.Count);
        }

        Store<TVector, TLanes>(ref c, 0 * stride, c00, c01, accumulate);
        Store<TVector, TLanes>(ref c, 1 * stride, c10, c11, accumulate);
        Store<TVector, TLanes>(ref c, 2 * stride, c20, c21, accumulate);
        Store<TVector, TLanes>(ref c, 3 * stride, c30, c31, accumulate);
        Store<TVector, TLanes>(ref c, 4 * stride, c40, c41, accumulate);
        Store<TVector, TLanes>(ref c, 5 * stride, c50, c51, accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store<TVector, TLanes>(ref float c, nuint offset, TVector left, TVector right, bool accumulate)
        where TVector : struct
        where TLanes : ILanes<TVector>
    {
        var next = offset + (nuint)TLanes.Count;
        if (accumulate)
        {
            left = TLanes.Add(left, TLanes.Load(ref c, offset));
            right = TLanes.Add(right, TLanes.Load(ref c, next));
        }
        TLanes.Store(left, ref c, offset);
        TLanes.Store(right, ref c, next);
    }
}
