using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>Transposes small squares of 32-bit elements in registers.</summary>
internal static class PairTranspose
{
    /// <summary>Whether this processor has what <see cref="Four"/> takes.</summary>
    public static bool IsSupported => Sse2.IsSupported || AdvSimd.Arm64.IsSupported;

    /// <summary>Rows and columns of the largest square.</summary>
    public static int Largest => Avx512F.IsSupported ? 16 : 8;

    /// <summary>The largest square.</summary>
    /// <inheritdoc cref="Four"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Square(ref int from, int fromStride, ref int to, int toStride)
    {
        if (Avx512F.IsSupported)
            Sixteen(ref from, fromStride, ref to, toStride);
        else
            Eight(ref from, fromStride, ref to, toStride);
    }

    /// <summary>Four rows of four.</summary>
    /// <param name="from">The first element.</param>
    /// <param name="fromStride">Distance between rows there.</param>
    /// <param name="to">Where the first element goes.</param>
    /// <param name="toStride">Distance between rows there.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Four(ref int from, int fromStride, ref int to, int toStride)
    {
        var (a, b) = (Vector128.LoadUnsafe(ref from), Vector128.LoadUnsafe(ref Unsafe.Add(ref from, fromStride)));
        var (c, d) = (Vector128.LoadUnsafe(ref Unsafe.Add(ref from, 2 * fromStride)), Vector128.LoadUnsafe(ref Unsafe.Add(ref from, 3 * fromStride)));
        var (ab, cd) = (VectorInstructions.ZipLow(a, b).AsInt64(), VectorInstructions.ZipLow(c, d).AsInt64());
        VectorInstructions.ZipLow(ab, cd).AsInt32().StoreUnsafe(ref to);
        VectorInstructions.ZipHigh(ab, cd).AsInt32().StoreUnsafe(ref Unsafe.Add(ref to, toStride));
        (ab, cd) = (VectorInstructions.ZipHigh(a, b).AsInt64(), VectorInstructions.ZipHigh(c, d).AsInt64());
        VectorInstructions.ZipLow(ab, cd).AsInt32().StoreUnsafe(ref Unsafe.Add(ref to, 2 * toStride));
        VectorInstructions.ZipHigh(ab, cd).AsInt32().StoreUnsafe(ref Unsafe.Add(ref to, 3 * toStride));
    }

    /// <summary>Eight rows of eight.</summary>
    /// <inheritdoc cref="Four"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Eight(ref int from, int fromStride, ref int to, int toStride)
    {
        FourOfEight(ref from, fromStride, ref to, toStride);
        FourOfEight(ref Unsafe.Add(ref from, 4), fromStride, ref Unsafe.Add(ref to, 4 * toStride), toStride);
    }

    /// <summary>Four columns of eight rows: each vector has four of a row and four of the fourth row after it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FourOfEight(ref int from, int fromStride, ref int to, int toStride)
    {
        var (a, b) = (Load(ref from, fromStride), Load(ref Unsafe.Add(ref from, fromStride), fromStride));
        var (c, d) = (Load(ref Unsafe.Add(ref from, 2 * fromStride), fromStride), Load(ref Unsafe.Add(ref from, 3 * fromStride), fromStride));
        var (ab, cd) = (VectorInstructions.ZipLow(a, b).AsInt64(), VectorInstructions.ZipLow(c, d).AsInt64());
        VectorInstructions.ZipLow(ab, cd).AsInt32().StoreUnsafe(ref to);
        VectorInstructions.ZipHigh(ab, cd).AsInt32().StoreUnsafe(ref Unsafe.Add(ref to, toStride));
        (ab, cd) = (VectorInstructions.ZipHigh(a, b).AsInt64(), VectorInstructions.ZipHigh(c, d).AsInt64());
        VectorInstructions.ZipLow(ab, cd).AsInt32().StoreUnsafe(ref Unsafe.Add(ref to, 2 * toStride));
        VectorInstructions.ZipHigh(ab, cd).AsInt32().StoreUnsafe(ref Unsafe.Add(ref to, 3 * toStride));

        static Vector256<int> Load(ref int row, int stride) =>
            Vector256.Create(Vector128.LoadUnsafe(ref row), Vector128.LoadUnsafe(ref Unsafe.Add(ref row, 4 * stride)));
    }

    /// <summary>Sixteen rows of sixteen.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Sixteen(ref int from, int fromStride, ref int to, int toStride)
    {
        var a = Quads.Load(ref from, fromStride);
        var b = Quads.Load(ref Unsafe.Add(ref from, 4 * fromStride), fromStride);
        var c = Quads.Load(ref Unsafe.Add(ref from, 8 * fromStride), fromStride);
        var d = Quads.Load(ref Unsafe.Add(ref from, 12 * fromStride), fromStride);
        Store(a.C0, b.C0, c.C0, d.C0, ref to, toStride);
        Store(a.C1, b.C1, c.C1, d.C1, ref Unsafe.Add(ref to, toStride), toStride);
        Store(a.C2, b.C2, c.C2, d.C2, ref Unsafe.Add(ref to, 2 * toStride), toStride);
        Store(a.C3, b.C3, c.C3, d.C3, ref Unsafe.Add(ref to, 3 * toStride), toStride);
    }

    /// <summary>Stores the quarters of four vectors as four vectors: the first of each, the second of each, ...</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(Vector512<int> a, Vector512<int> b, Vector512<int> c, Vector512<int> d, ref int to, int stride)
    {
        const byte Low = 0b01_00_01_00, High = 0b11_10_11_10, Even = 0b10_00_10_00, Odd = 0b11_01_11_01;
        var (ab, cd) = (Avx512F.Shuffle4x128(a, b, Low), Avx512F.Shuffle4x128(c, d, Low));
        Avx512F.Shuffle4x128(ab, cd, Even).StoreUnsafe(ref to);
        Avx512F.Shuffle4x128(ab, cd, Odd).StoreUnsafe(ref Unsafe.Add(ref to, 4 * stride));
        (ab, cd) = (Avx512F.Shuffle4x128(a, b, High), Avx512F.Shuffle4x128(c, d, High));
        Avx512F.Shuffle4x128(ab, cd, Even).StoreUnsafe(ref Unsafe.Add(ref to, 8 * stride));
        Avx512F.Shuffle4x128(ab, cd, Odd).StoreUnsafe(ref Unsafe.Add(ref to, 12 * stride));
    }

    /// <summary>Four rows of sixteen as columns of four: quarter q of C_j is column 4 q + j.</summary>
    private readonly record struct Quads(Vector512<int> C0, Vector512<int> C1, Vector512<int> C2, Vector512<int> C3)
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Quads Load(ref int from, int stride)
        {
            var (a, b) = (Vector512.LoadUnsafe(ref from), Vector512.LoadUnsafe(ref Unsafe.Add(ref from, stride)));
            var (c, d) = (Vector512.LoadUnsafe(ref Unsafe.Add(ref from, 2 * stride)), Vector512.LoadUnsafe(ref Unsafe.Add(ref from, 3 * stride)));
            var (ab, cd) = (Avx512F.UnpackLow(a, b).AsInt64(), Avx512F.UnpackLow(c, d).AsInt64());
            var (c0, c1) = (Avx512F.UnpackLow(ab, cd).AsInt32(), Avx512F.UnpackHigh(ab, cd).AsInt32());
            (ab, cd) = (Avx512F.UnpackHigh(a, b).AsInt64(), Avx512F.UnpackHigh(c, d).AsInt64());
            return new Quads(c0, c1, Avx512F.UnpackLow(ab, cd).AsInt32(), Avx512F.UnpackHigh(ab, cd).AsInt32());
        }
    }
}
