using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace LoraBridge.Training.Kernels;

/// <summary>
/// Products in which one extent is the rank R of an adapter, 4 to 64 or so. General blocking would fill up tiles with zeros and pack
/// operands that are used a few times only; here rows are read where they lie. P is [R][W], x and y are [T][W], h is [T][R], each row
/// by row. Every number comes out the same however rows and columns are shared among threads.
/// </summary>
internal static class LowRank
{
    /// <summary>Columns at a time: of 16 rows of P and one of x, they fill a first-level cache.</summary>
    private const int Block = 512;

    /// <summary>Rows of x at a time in <see cref="Outer"/>: of <see cref="Block"/> columns, they fit a second-level cache.</summary>
    private const int RowBlock = 64;

    private const int Lanes = 8;

    /// <summary>y[t][w] = x[t][w] + s Σᵣ h[t][r] P[r][w]; x may be y itself.</summary>
    public static void Update(
        ReadOnlySpan<float> h, ReadOnlySpan<float> p, ReadOnlySpan<float> x, Span<float> y, int rank, int width, float s)
    {
        var rows = y.Length / width;
        Span<float> scaled = stackalloc float[rank];
        for (var block = 0; block < width; block += Block)
        {
            var length = Math.Min(Block, width - block);
            for (var t = 0; t < rows; t++)
            {
                for (var r = 0; r < rank; r++)
                    scaled[r] = s * h[t * rank + r];
                UpdateRow(scaled, p[block..], width, x.Slice(t * width + block, length), y.Slice(t * width + block, length));
            }
        }
    }

    /// <summary>h[t][r] = s Σ_w x[t][w] P[r][w].</summary>
    public static void Dots(ReadOnlySpan<float> x, ReadOnlySpan<float> p, Span<float> h, int rank, int width, float s)
    {
        var rows = x.Length / width;
        h.Clear();
        for (var block = 0; block < width; block += Block)
        {
            var length = Math.Min(Block, width - block);
            for (var t = 0; t < rows; t++)
            {
                var row = x.Slice(t * width + block, length);
                var sums = h.Slice(t * rank, rank);
                var r = 0;
                for (; r + 4 <= rank; r += 4)
                    FourDots(row, p[(r * width + block)..], width, sums[r..]);
                for (; r < rank; r++)
                    sums[r] += Dot(row, p.Slice(r * width + block, length));
            }
        }
        for (var i = 0; i < h.Length; i++)
            h[i] *= s;
    }

    /// <summary>P[r][w] = s Σₜ h[t][r] x[t][w] for the columns w in [<paramref name="first"/>, <paramref name="end"/>).</summary>
    public static void Outer(ReadOnlySpan<float> h, ReadOnlySpan<float> x, Span<float> p, int rank, int width, int first, int end, float s)
    {
        var rows = x.Length / width;
        for (var r = 0; r < rank; r++)
            p[(r * width + first)..(r * width + end)].Clear();
        for (var block = first; block < end; block += Block)
        {
            var length = Math.Min(Block, end - block);
            for (var t = 0; t < rows; t += RowBlock)
            {
                var count = Math.Min(RowBlock, rows - t);
                for (var r = 0; r < rank; r += 4)
                    OuterBlock(h[(t * rank + r)..], x[(t * width + block)..], p[(r * width + block)..], rank, width, count, length, Math.Min(4, rank - r));
            }
        }
        for (var r = 0; r < rank && s != 1; r++)
            System.Numerics.Tensors.TensorPrimitives.Multiply(p[(r * width + first)..(r * width + end)], s, p[(r * width + first)..(r * width + end)]);
    }

    /// <summary>[M][R] -> [R][M].</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Transpose(ReadOnlySpan<float> from, Span<float> to, int rows, int columns)
    {
        // Squares of four go through registers; what is left over goes one by one.
        var (wholeRows, wholeColumns) = Sse2.IsSupported ? (rows / 4 * 4, columns / 4 * 4) : (0, 0);
        var source = MemoryMarshal.Cast<float, int>(from);
        var target = MemoryMarshal.Cast<float, int>(to);
        for (var r = 0; r < wholeRows; r += 4)
            for (var c = 0; c < wholeColumns; c += 4)
                PairTranspose.Four(
                    ref Unsafe.AsRef(in source.Slice(r * columns + c, 3 * columns + 4)[0]), columns,
                    ref target.Slice(c * rows + r, 3 * rows + 4)[0], rows);
        for (var c = 0; c < columns; c++)
            for (var r = c < wholeColumns ? wholeRows : 0; r < rows; r++)
                to[c * rows + r] = from[r * columns + c];
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void UpdateRow(ReadOnlySpan<float> h, ReadOnlySpan<float> p, int stride, ReadOnlySpan<float> x, Span<float> y)
    {
        var w = 0;
        for (; w + 4 * Lanes <= x.Length; w += 4 * Lanes)
        {
            ref var source = ref Unsafe.AsRef(in x.Slice(w, 4 * Lanes)[0]);
            ref var target = ref y.Slice(w, 4 * Lanes)[0];
            var (y0, y1) = (Vector256.LoadUnsafe(ref source), Vector256.LoadUnsafe(ref source, Lanes));
            var (y2, y3) = (Vector256.LoadUnsafe(ref source, 2 * Lanes), Vector256.LoadUnsafe(ref source, 3 * Lanes));
            for (var r = 0; r < h.Length; r++)
            {
                ref var row = ref Unsafe.AsRef(in p.Slice(r * stride + w, 4 * Lanes)[0]);
                var factor = Vector256.Create(h[r]);
                y0 = Vector256.FusedMultiplyAdd(factor, Vector256.LoadUnsafe(ref row), y0);
                y1 = Vector256.FusedMultiplyAdd(factor, Vector256.LoadUnsafe(ref row, Lanes), y1);
                y2 = Vector256.FusedMultiplyAdd(factor, Vector256.LoadUnsafe(ref row, 2 * Lanes), y2);
                y3 = Vector256.FusedMultiplyAdd(factor, Vector256.LoadUnsafe(ref row, 3 * Lanes), y3);
            }
            y0.StoreUnsafe(ref target);
            y1.StoreUnsafe(ref target, Lanes);
            y2.StoreUnsafe(ref target, 2 * Lanes);
            y3.StoreUnsafe(ref target, 3 * Lanes);
        }
        for (; w < x.Length; w++)
        {
            var sum = x[w];
            for (var r = 0; r < h.Length; r++)
                sum = MathF.FusedMultiplyAdd(h[r], p[r * stride + w], sum);
            y[w] = sum;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void FourDots(ReadOnlySpan<float> x, ReadOnlySpan<float> p, int stride, Span<float> sums)
    {
        Vector256<float> s0 = default, s1 = default, s2 = default, s3 = default, u0 = default, u1 = default, u2 = default, u3 = default;
        ref var a = ref Unsafe.AsRef(in x[0]);
        ref var p0 = ref Unsafe.AsRef(in p[..x.Length][0]);
        ref var p1 = ref Unsafe.AsRef(in p.Slice(stride, x.Length)[0]);
        ref var p2 = ref Unsafe.AsRef(in p.Slice(2 * stride, x.Length)[0]);
        ref var p3 = ref Unsafe.AsRef(in p.Slice(3 * stride, x.Length)[0]);
        nuint w = 0;
        for (; w + 2 * Lanes <= (nuint)x.Length; w += 2 * Lanes)
        {
            var (x0, x1) = (Vector256.LoadUnsafe(ref a, w), Vector256.LoadUnsafe(ref a, w + Lanes));
            s0 = Vector256.FusedMultiplyAdd(x0, Vector256.LoadUnsafe(ref p0, w), s0);
            s1 = Vector256.FusedMultiplyAdd(x0, Vector256.LoadUnsafe(ref p1, w), s1);
            s2 = Vector256.FusedMultiplyAdd(x0, Vector256.LoadUnsafe(ref p2, w), s2);
            s3 = Vector256.FusedMultiplyAdd(x0, Vector256.LoadUnsafe(ref p3, w), s3);
            u0 = Vector256.FusedMultiplyAdd(x1, Vector256.LoadUnsafe(ref p0, w + Lanes), u0);
            u1 = Vector256.FusedMultiplyAdd(x1, Vector256.LoadUnsafe(ref p1, w + Lanes), u1);
            u2 = Vector256.FusedMultiplyAdd(x1, Vector256.LoadUnsafe(ref p2, w + Lanes), u2);
            u3 = Vector256.FusedMultiplyAdd(x1, Vector256.LoadUnsafe(ref p3, w + Lanes), u3);
        }
        sums[0] += Vector256.Sum(s0 + u0);
        sums[1] += Vector256.Sum(s1 + u1);
        sums[2] += Vector256.Sum(s2 + u2);
        sums[3] += Vector256.Sum(s3 + u3);
        for (var i = (int)w; i < x.Length; i++)
            for (var r = 0; r < 4; r++)
                sums[r] = MathF.FusedMultiplyAdd(x[i], p[r * stride + i], sums[r]);
    }

    private static float Dot(ReadOnlySpan<float> x, ReadOnlySpan<float> y) => System.Numerics.Tensors.TensorPrimitives.Dot(x, y);

    /// <summary>Adds to up to four rows of P, some vectors of a row at a time.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void OuterBlock(
        ReadOnlySpan<float> h, ReadOnlySpan<float> x, Span<float> p, int rank, int width, int rows, int length, int ranks)
    {
        var w = 0;
        for (; ranks == 4 && w + 2 * Lanes <= length; w += 2 * Lanes)
        {
            ref var p0 = ref p.Slice(w, 2 * Lanes)[0];
            ref var p1 = ref p.Slice(width + w, 2 * Lanes)[0];
            ref var p2 = ref p.Slice(2 * width + w, 2 * Lanes)[0];
            ref var p3 = ref p.Slice(3 * width + w, 2 * Lanes)[0];
            var (a0, b0) = (Vector256.LoadUnsafe(ref p0), Vector256.LoadUnsafe(ref p0, Lanes));
            var (a1, b1) = (Vector256.LoadUnsafe(ref p1), Vector256.LoadUnsafe(ref p1, Lanes));
            var (a2, b2) = (Vector256.LoadUnsafe(ref p2), Vector256.LoadUnsafe(ref p2, Lanes));
            var (a3, b3) = (Vector256.LoadUnsafe(ref p3), Vector256.LoadUnsafe(ref p3, Lanes));
            for (var t = 0; t < rows; t++)
            {
                ref var from = ref Unsafe.AsRef(in x.Slice(t * width + w, 2 * Lanes)[0]);
                ref var factors = ref Unsafe.AsRef(in h.Slice(t * rank, 4)[0]);
                var (x0, x1) = (Vector256.LoadUnsafe(ref from), Vector256.LoadUnsafe(ref from, Lanes));
                var factor = Vector256.Create(factors);
                a0 = Vector256.FusedMultiplyAdd(factor, x0, a0);
                b0 = Vector256.FusedMultiplyAdd(factor, x1, b0);
                factor = Vector256.Create(Unsafe.Add(ref factors, 1));
                a1 = Vector256.FusedMultiplyAdd(factor, x0, a1);
                b1 = Vector256.FusedMultiplyAdd(factor, x1, b1);
                factor = Vector256.Create(Unsafe.Add(ref factors, 2));
                a2 = Vector256.FusedMultiplyAdd(factor, x0, a2);
                b2 = Vector256.FusedMultiplyAdd(factor, x1, b2);
                factor = Vector256.Create(Unsafe.Add(ref factors, 3));
                a3 = Vector256.FusedMultiplyAdd(factor, x0, a3);
                b3 = Vector256.FusedMultiplyAdd(factor, x1, b3);
            }
            Store(ref p0, a0, b0);
            Store(ref p1, a1, b1);
            Store(ref p2, a2, b2);
            Store(ref p3, a3, b3);
        }
        for (; w < length; w++)
            for (var r = 0; r < ranks; r++)
                for (var t = 0; t < rows; t++)
                    p[r * width + w] = MathF.FusedMultiplyAdd(h[t * rank + r], x[t * width + w], p[r * width + w]);
    }

    private static void Store(ref float target, Vector256<float> low, Vector256<float> high)
    {
        low.StoreUnsafe(ref target);
        high.StoreUnsafe(ref target, Lanes);
    }
}
