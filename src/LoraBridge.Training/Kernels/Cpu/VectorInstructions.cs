using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>Instructions of integers that x64 and ARM64 both have, and .NET under names of their own only. ARM64 takes two for 256 bits.</summary>
internal static class VectorInstructions
{
    /// <summary>Whether this processor has all of them.</summary>
    public static bool IsSupported => Avx2.IsSupported || AdvSimd.Arm64.IsSupported;

    /// <summary>Rounds to the nearest integer, halves to even ones.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> RoundToInt32(Vector256<float> numbers) => Avx.IsSupported
        ? Avx.ConvertToVector256Int32(numbers)
        : Vector256.Create(AdvSimd.ConvertToInt32RoundToEven(numbers.GetLower()), AdvSimd.ConvertToInt32RoundToEven(numbers.GetUpper()));

    /// <summary>a b / 2¹⁵, rounded; not for -2¹⁵ times itself.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<short> MultiplyHighRounded(Vector256<short> a, Vector256<short> b) => Avx2.IsSupported
        ? Avx2.MultiplyHighRoundScale(a, b)
        : Vector256.Create(
            AdvSimd.MultiplyRoundedDoublingSaturateHigh(a.GetLower(), b.GetLower()),
            AdvSimd.MultiplyRoundedDoublingSaturateHigh(a.GetUpper(), b.GetUpper()));

    /// <summary>The numbers of both, and the nearest to those that do not fit 16 bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<short> NarrowToInt16(Vector256<int> first, Vector256<int> second)
    {
        // AVX2 works within halves of 128 bits, which the permutation puts in order.
        if (Avx2.IsSupported)
            return Avx2.Permute4x64(Avx2.PackSignedSaturate(first, second).AsInt64(), 0b11_01_10_00).AsInt16();
        return Vector256.Create(Narrow(first), Narrow(second));

        static Vector128<short> Narrow(Vector256<int> numbers) =>
            AdvSimd.ExtractNarrowingSaturateUpper(AdvSimd.ExtractNarrowingSaturateLower(numbers.GetLower()), numbers.GetUpper());
    }

    /// <summary>16 bytes with sign.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<short> WidenToInt16(Vector128<sbyte> bytes) => Avx2.IsSupported
        ? Avx2.ConvertToVector256Int16(bytes)
        : Vector256.Create(Vector128.WidenLower(bytes), Vector128.WidenUpper(bytes));

    /// <summary>16 bytes without sign.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<ushort> WidenToUInt16(Vector128<byte> bytes) => Avx2.IsSupported
        ? Avx2.ConvertToVector256Int16(bytes).AsUInt16()
        : Vector256.Create(Vector128.WidenLower(bytes), Vector128.WidenUpper(bytes));

    /// <summary>The first 8 of 16 bytes with sign.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> WidenToInt32(Vector128<sbyte> bytes) => Avx2.IsSupported
        ? Avx2.ConvertToVector256Int32(bytes)
        : Widen(Vector128.WidenLower(bytes));

    /// <summary>The first 8 of 16 bytes without sign.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> WidenToInt32(Vector128<byte> bytes) => Avx2.IsSupported
        ? Avx2.ConvertToVector256Int32(bytes)
        : Widen(Vector128.WidenLower(bytes).AsInt16());

    /// <summary>8 numbers of 16 bits with sign.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> WidenToInt32(Vector128<short> numbers) => Avx2.IsSupported ? Avx2.ConvertToVector256Int32(numbers) : Widen(numbers);

    /// <summary>8 numbers of 16 bits without sign.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> WidenToInt32(Vector128<ushort> numbers) => Avx2.IsSupported
        ? Avx2.ConvertToVector256Int32(numbers)
        : Vector256.Create(Vector128.WidenLower(numbers), Vector128.WidenUpper(numbers)).AsInt32();

    /// <summary>The first 4 of 8 numbers of 16 bits without sign.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<long> WidenToInt64(Vector128<ushort> numbers)
    {
        if (Avx2.IsSupported)
            return Avx2.ConvertToVector256Int64(numbers);
        var words = Vector128.WidenLower(numbers);
        return Vector256.Create(Vector128.WidenLower(words), Vector128.WidenUpper(words)).AsInt64();
    }

    /// <summary>The second 8 of 16 bytes, and zeros.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<sbyte> UpperHalf(Vector128<sbyte> bytes) => Sse2.IsSupported
        ? Sse2.ShiftRightLogical128BitLane(bytes, 8)
        : AdvSimd.ExtractVector128(bytes, Vector128<sbyte>.Zero, 8);

    /// <summary>The first halves of two vectors, by turns, in elements of 1, 2, 4 or 8 bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> ZipLow<T>(Vector128<T> even, Vector128<T> odd) => Unsafe.SizeOf<T>() switch
    {
        1 => (Sse2.IsSupported ? Sse2.UnpackLow(even.AsByte(), odd.AsByte()) : AdvSimd.Arm64.ZipLow(even.AsByte(), odd.AsByte())).As<byte, T>(),
        2 => (Sse2.IsSupported ? Sse2.UnpackLow(even.AsInt16(), odd.AsInt16()) : AdvSimd.Arm64.ZipLow(even.AsInt16(), odd.AsInt16())).As<short, T>(),
        4 => (Sse2.IsSupported ? Sse2.UnpackLow(even.AsInt32(), odd.AsInt32()) : AdvSimd.Arm64.ZipLow(even.AsInt32(), odd.AsInt32())).As<int, T>(),
        _ => (Sse2.IsSupported ? Sse2.UnpackLow(even.AsInt64(), odd.AsInt64()) : AdvSimd.Arm64.ZipLow(even.AsInt64(), odd.AsInt64())).As<long, T>(),
    };

    /// <summary>The second halves of two vectors, by turns, in elements of 1, 2, 4 or 8 bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> ZipHigh<T>(Vector128<T> even, Vector128<T> odd) => Unsafe.SizeOf<T>() switch
    {
        1 => (Sse2.IsSupported ? Sse2.UnpackHigh(even.AsByte(), odd.AsByte()) : AdvSimd.Arm64.ZipHigh(even.AsByte(), odd.AsByte())).As<byte, T>(),
        2 => (Sse2.IsSupported ? Sse2.UnpackHigh(even.AsInt16(), odd.AsInt16()) : AdvSimd.Arm64.ZipHigh(even.AsInt16(), odd.AsInt16())).As<short, T>(),
        4 => (Sse2.IsSupported ? Sse2.UnpackHigh(even.AsInt32(), odd.AsInt32()) : AdvSimd.Arm64.ZipHigh(even.AsInt32(), odd.AsInt32())).As<int, T>(),
        _ => (Sse2.IsSupported ? Sse2.UnpackHigh(even.AsInt64(), odd.AsInt64()) : AdvSimd.Arm64.ZipHigh(even.AsInt64(), odd.AsInt64())).As<long, T>(),
    };

    /// <summary>Of each half of 128 bits of two vectors, the first half, by turns.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> ZipLow<T>(Vector256<T> even, Vector256<T> odd)
    {
        if (!Avx2.IsSupported)
            return Vector256.Create(ZipLow(even.GetLower(), odd.GetLower()), ZipLow(even.GetUpper(), odd.GetUpper()));
        return Unsafe.SizeOf<T>() switch
        {
            1 => Avx2.UnpackLow(even.AsByte(), odd.AsByte()).As<byte, T>(),
            2 => Avx2.UnpackLow(even.AsInt16(), odd.AsInt16()).As<short, T>(),
            4 => Avx2.UnpackLow(even.AsInt32(), odd.AsInt32()).As<int, T>(),
            _ => Avx2.UnpackLow(even.AsInt64(), odd.AsInt64()).As<long, T>(),
        };
    }

    /// <summary>Of each half of 128 bits of two vectors, the second half, by turns.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> ZipHigh<T>(Vector256<T> even, Vector256<T> odd)
    {
        if (!Avx2.IsSupported)
            return Vector256.Create(ZipHigh(even.GetLower(), odd.GetLower()), ZipHigh(even.GetUpper(), odd.GetUpper()));
        return Unsafe.SizeOf<T>() switch
        {
            1 => Avx2.UnpackHigh(even.AsByte(), odd.AsByte()).As<byte, T>(),
            2 => Avx2.UnpackHigh(even.AsInt16(), odd.AsInt16()).As<short, T>(),
            4 => Avx2.UnpackHigh(even.AsInt32(), odd.AsInt32()).As<int, T>(),
            _ => Avx2.UnpackHigh(even.AsInt64(), odd.AsInt64()).As<long, T>(),
        };
    }

    /// <summary>The first halves of 128 bits of two vectors.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> LowerHalves(Vector256<int> a, Vector256<int> b) => Avx2.IsSupported
        ? Avx2.Permute2x128(a, b, 0x20)
        : Vector256.Create(a.GetLower(), b.GetLower());

    /// <summary>The second halves of 128 bits of two vectors.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> UpperHalves(Vector256<int> a, Vector256<int> b) => Avx2.IsSupported
        ? Avx2.Permute2x128(a, b, 0x31)
        : Vector256.Create(a.GetUpper(), b.GetUpper());

    /// <summary>The table's byte for each index below 16.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> LookUp(Vector128<byte> table, Vector256<byte> indices) => Avx2.IsSupported
        ? Avx2.Shuffle(Vector256.Create(table, table), indices)
        : Vector256.Create(
            AdvSimd.Arm64.VectorTableLookup(table, indices.GetLower()), AdvSimd.Arm64.VectorTableLookup(table, indices.GetUpper()));

    /// <summary>Shifts each number to the right by as much as its place says.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<uint> ShiftRight(Vector256<uint> numbers, Vector256<uint> places) => Avx2.IsSupported
        ? Avx2.ShiftRightLogicalVariable(numbers, places)
        : Vector256.Create(
            AdvSimd.ShiftLogical(numbers.GetLower(), -places.GetLower().AsInt32()), AdvSimd.ShiftLogical(numbers.GetUpper(), -places.GetUpper().AsInt32()));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Widen(Vector128<short> numbers) => Vector256.Create(Vector128.WidenLower(numbers), Vector128.WidenUpper(numbers));
}
