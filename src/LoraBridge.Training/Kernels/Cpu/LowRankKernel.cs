using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>
/// The innermost loops of <see cref="LowRank"/>. Tiles have eight sums, two vectors for each of four rows or one for each of eight pairs:
/// enough to hide the latency of fused multiply-adds. Tiles that lack rows compute the last one several times.
/// </summary>
internal static class LowRankKernel
{
    /// <summary>Most rows of C in <see cref="Accumulate"/>, and of P in <see cref="Dots"/>.</summary>
    public const int Rows = 4;

    /// <summary>Most rows of X in <see cref="Dots"/>.</summary>
    public const int DotRows = 2;

    /// <summary>to[i][w] = from[i][w] + Σₖ a[i, k] b[k][w], in this order of k.</summary>
    /// <param name="a">The factors, <paramref name="rows"/> by <paramref name="depth"/>.</param>
    /// <param name="rows">1 to <see cref="Rows"/>.</param>
    /// <param name="depth">How many k.</param>
    /// <param name="b">Row k starts at k <paramref name="bStride"/>.</param>
    /// <param name="bStride">Distance between rows of b.</param>
    /// <param name="from">What is added to, laid out as <paramref name="to"/>, which it may be; empty is 0.</param>
    /// <param name="to">Row i starts at i <paramref name="stride"/>.</param>
    /// <param name="stride">Distance between these rows.</param>
    /// <param name="width">How many w.</param>
    public static void Accumulate(
        LeftFactor a, int rows, int depth, ReadOnlySpan<float> b, int bStride, ReadOnlySpan<float> from, Span<float> to, int stride, int width)
    {
        // The loops over vectors read and write through references: these are their only bounds checks.
        Require(rows is >= 1 and <= Rows && depth >= 1 && width >= 1);
        Require(a.Data.Length > (rows - 1) * a.RowStride + (depth - 1) * a.ColumnStride);
        Require(b.Length >= (depth - 1) * bStride + width && to.Length >= (rows - 1) * stride + width);
        Require(from.IsEmpty || from.Length >= (rows - 1) * stride + width);
        var done = Vector512.IsHardwareAccelerated
            ? Accumulate<Vector512<float>, Lanes512>(a, rows, depth, b, bStride, from, to, stride, width)
            : Vector256.IsHardwareAccelerated
                ? Accumulate<Vector256<float>, Lanes256>(a, rows, depth, b, bStride, from, to, stride, width)
                : Accumulate<Vector128<float>, Lanes128>(a, rows, depth, b, bStride, from, to, stride, width);
        for (var i = 0; i < rows; i++)
            for (var w = done; w < width; w++)
            {
                var sum = from.IsEmpty ? 0 : from[i * stride + w];
                for (var k = 0; k < depth; k++)
                    sum = MathF.FusedMultiplyAdd(a.Data[i * a.RowStride + k * a.ColumnStride], b[k * bStride + w], sum);
                to[i * stride + w] = sum;
            }
    }

    /// <summary>sums[i][r] = Σ_w x[i][w] p[r][w].</summary>
    /// <param name="x">Row i starts at i <paramref name="xStride"/>.</param>
    /// <param name="xStride">Distance between rows of x.</param>
    /// <param name="rows">Rows of x, 1 to <see cref="DotRows"/>.</param>
    /// <param name="p">Row r starts at r <paramref name="pStride"/>.</param>
    /// <param name="pStride">Distance between rows of p.</param>
    /// <param name="ranks">Rows of p, 1 to <see cref="Rows"/>.</param>
    /// <param name="width">How many w.</param>
    /// <param name="sums">Row i starts at i <see cref="Rows"/>; there is room for tiles that lack nothing.</param>
    public static void Dots(
        ReadOnlySpan<float> x, int xStride, int rows, ReadOnlySpan<float> p, int pStride, int ranks, int width, Span<float> sums)
    {
        Require(rows is >= 1 and <= DotRows && ranks is >= 1 and <= Rows && width >= 1 && sums.Length >= DotRows * Rows);
        Require(x.Length >= (rows - 1) * xStride + width && p.Length >= (ranks - 1) * pStride + width);
        var done = Vector512.IsHardwareAccelerated
            ? Dots<Vector512<float>, Lanes512>(x, xStride, rows, p, pStride, ranks, width, sums)
            : Vector256.IsHardwareAccelerated
                ? Dots<Vector256<float>, Lanes256>(x, xStride, rows, p, pStride, ranks, width, sums)
                : Dots<Vector128<float>, Lanes128>(x, xStride, rows, p, pStride, ranks, width, sums);
        for (var i = 0; i < rows; i++)
            for (var r = 0; r < ranks; r++)
                for (var w = done; w < width; w++)
                    sums[i * Rows + r] = MathF.FusedMultiplyAdd(x[i * xStride + w], p[r * pStride + w], sums[i * Rows + r]);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int Accumulate<TVector, TLanes>(
        LeftFactor a, int rows, int depth, ReadOnlySpan<float> b, int bStride, ReadOnlySpan<float> from, Span<float> to, int stride, int width)
        where TVector : struct
        where TLanes : ILanes<TVector>
    {
        var lanes = (nuint)TLanes.Count;
        var (a1, a2, a3) = Offsets(rows, a.RowStride);
        var (c1, c2, c3) = Offsets(rows, stride);
        var w = 0;
        for (; w + 2 * TLanes.Count <= width; w += 2 * TLanes.Count)
        {
            TVector c00 = default, c01 = default, c10 = default, c11 = default, c20 = default, c21 = default, c30 = default, c31 = default;
            if (!from.IsEmpty)
            {
                ref var source = ref Unsafe.AsRef(in from[w]);
                (c00, c01) = (TLanes.Load(ref source, 0), TLanes.Load(ref source, lanes));
                (c10, c11) = (TLanes.Load(ref source, c1), TLanes.Load(ref source, c1 + lanes));
                (c20, c21) = (TLanes.Load(ref source, c2), TLanes.Load(ref source, c2 + lanes));
                (c30, c31) = (TLanes.Load(ref source, c3), TLanes.Load(ref source, c3 + lanes));
            }
            ref var factor = ref Unsafe.AsRef(in a.Data[0]);
            ref var row = ref Unsafe.AsRef(in b[w]);
            for (var k = 0; k < depth; k++)
            {
                var (left, right) = (TLanes.Load(ref row, 0), TLanes.Load(ref row, lanes));
                var x = TLanes.Fill(factor);
                c00 = TLanes.MultiplyAdd(x, left, c00);
                c01 = TLanes.MultiplyAdd(x, right, c01);
                x = TLanes.Fill(Unsafe.Add(ref factor, a1));
                c10 = TLanes.MultiplyAdd(x, left, c10);
                c11 = TLanes.MultiplyAdd(x, right, c11);
                x = TLanes.Fill(Unsafe.Add(ref factor, a2));
                c20 = TLanes.MultiplyAdd(x, left, c20);
                c21 = TLanes.MultiplyAdd(x, right, c21);
                x = TLanes.Fill(Unsafe.Add(ref factor, a3));
                c30 = TLanes.MultiplyAdd(x, left, c30);
                c31 = TLanes.MultiplyAdd(x, right, c31);
                factor = ref Unsafe.Add(ref factor, a.ColumnStride);
                row = ref Unsafe.Add(ref row, bStride);
            }
            ref var target = ref to[w];
            TLanes.Store(c00, ref target, 0);
            TLanes.Store(c01, ref target, lanes);
            TLanes.Store(c10, ref target, c1);
            TLanes.Store(c11, ref target, c1 + lanes);
            TLanes.Store(c20, ref target, c2);
            TLanes.Store(c21, ref target, c2 + lanes);
            TLanes.Store(c30, ref target, c3);
            TLanes.Store(c31, ref target, c3 + lanes);
        }
        return w;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int Dots<TVector, TLanes>(
        ReadOnlySpan<float> x, int xStride, int rows, ReadOnlySpan<float> p, int pStride, int ranks, int width, Span<float> sums)
        where TVector : struct
        where TLanes : ILanes<TVector>
    {
        TVector s00 = default, s01 = default, s02 = default, s03 = default, s10 = default, s11 = default, s12 = default, s13 = default;
        ref var x0 = ref Unsafe.AsRef(in x[0]);
        ref var x1 = ref Unsafe.Add(ref x0, (rows - 1) * xStride);
        ref var p0 = ref Unsafe.AsRef(in p[0]);
        var (p1, p2, p3) = Offsets(ranks, pStride);
        var w = 0;
        for (; w + TLanes.Count <= width; w += TLanes.Count)
        {
            var (a, b) = (TLanes.Load(ref x0, (nuint)w), TLanes.Load(ref x1, (nuint)w));
            var factor = TLanes.Load(ref p0, (nuint)w);
            s00 = TLanes.MultiplyAdd(a, factor, s00);
            s10 = TLanes.MultiplyAdd(b, factor, s10);
            factor = TLanes.Load(ref p0, p1 + (nuint)w);
            s01 = TLanes.MultiplyAdd(a, factor, s01);
            s11 = TLanes.MultiplyAdd(b, factor, s11);
            factor = TLanes.Load(ref p0, p2 + (nuint)w);
            s02 = TLanes.MultiplyAdd(a, factor, s02);
            s12 = TLanes.MultiplyAdd(b, factor, s12);
            factor = TLanes.Load(ref p0, p3 + (nuint)w);
            s03 = TLanes.MultiplyAdd(a, factor, s03);
            s13 = TLanes.MultiplyAdd(b, factor, s13);
        }
        Sums(TLanes.Fold(s00), TLanes.Fold(s01), TLanes.Fold(s02), TLanes.Fold(s03)).CopyTo(sums);
        Sums(TLanes.Fold(s10), TLanes.Fold(s11), TLanes.Fold(s12), TLanes.Fold(s13)).CopyTo(sums[Rows..]);
        return w;
    }

    /// <summary>The sum of each vector.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Sums(Vector128<float> a, Vector128<float> b, Vector128<float> c, Vector128<float> d) => Sse3.IsSupported
        ? Sse3.HorizontalAdd(Sse3.HorizontalAdd(a, b), Sse3.HorizontalAdd(c, d))
        : Vector128.Create(Vector128.Sum(a), Vector128.Sum(b), Vector128.Sum(c), Vector128.Sum(d));

    /// <summary>Where the rows after the first start, with the last one for those that are lacking.</summary>
    private static (nuint Second, nuint Third, nuint Fourth) Offsets(int rows, int stride) =>
        ((nuint)(Math.Min(1, rows - 1) * stride), (nuint)(Math.Min(2, rows - 1) * stride), (nuint)((Math.Min(4, rows) - 1) * stride));

    private static void Require(bool holds)
    {
        if (!holds)
            throw new ArgumentException("The factors of a product of small rank are shorter than its extents say.");
    }
}
