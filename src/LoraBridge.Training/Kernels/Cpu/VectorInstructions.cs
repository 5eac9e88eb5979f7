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

    /// <summary>The first halves of two vectors, by turns.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> ZipLow(Vector128<byte> even, Vector128<byte> odd) =>
        Sse2.IsSupported ? Sse2.UnpackLow(even, odd) : AdvSimd.Arm64.ZipLow(even, odd);

    /// <summary>The second halves of two vectors, by turns.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> ZipHigh(Vector128<byte> even, Vector128<byte> odd) =>
        Sse2.IsSupported ? Sse2.UnpackHigh(even, odd) : AdvSimd.Arm64.ZipHigh(even, odd);

    /// <inheritdoc cref="ZipLow(Vector128{byte}, Vector128{byte})"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> ZipLow(Vector128<int> even, Vector128<int> odd) =>
        Sse2.IsSupported ? Sse2.UnpackLow(even, odd) : AdvSimd.Arm64.ZipLow(even, odd);

    /// <inheritdoc cref="ZipHigh(Vector128{byte}, Vector128{byte})"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> ZipHigh(Vector128<int> even, Vector128<int> odd) =>
        Sse2.IsSupported ? Sse2.UnpackHigh(even, odd) : AdvSimd.Arm64.ZipHigh(even, odd);

    /// <inheritdoc cref="ZipLow(Vector128{byte}, Vector128{byte})"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<long> ZipLow(Vector128<long> even, Vector128<long> odd) =>
        Sse2.IsSupported ? Sse2.UnpackLow(even, odd) : AdvSimd.Arm64.ZipLow(even, odd);

    /// <inheritdoc cref="ZipHigh(Vector128{byte}, Vector128{byte})"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<long> ZipHigh(Vector128<long> even, Vector128<long> odd) =>
        Sse2.IsSupported ? Sse2.UnpackHigh(even, odd) : AdvSimd.Arm64.ZipHigh(even, odd);

    /// <summary>Of each half of 128 bits of two vectors, the first half, by turns.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<short> ZipLow(Vector256<short> even, Vector256<short> odd) => Avx2.IsSupported
        ? Avx2.UnpackLow(even, odd)
        : Vector256.Create(AdvSimd.Arm64.ZipLow(even.GetLower(), odd.GetLower()), AdvSimd.Arm64.ZipLow(even.GetUpper(), odd.GetUpper()));

    /// <summary>Of each half of 128 bits of two vectors, the second half, by turns.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<short> ZipHigh(Vector256<short> even, Vector256<short> odd) => Avx2.IsSupported
        ? Avx2.UnpackHigh(even, odd)
        : Vector256.Create(AdvSimd.Arm64.ZipHigh(even.GetLower(), odd.GetLower()), AdvSimd.Arm64.ZipHigh(even.GetUpper(), odd.GetUpper()));

    /// <inheritdoc cref="ZipLow(Vector256{short}, Vector256{short})"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> ZipLow(Vector256<int> even, Vector256<int> odd) => Avx2.IsSupported
        ? Avx2.UnpackLow(even, odd)
        : Vector256.Create(ZipLow(even.GetLower(), odd.GetLower()), ZipLow(even.GetUpper(), odd.GetUpper()));

    /// <inheritdoc cref="ZipHigh(Vector256{short}, Vector256{short})"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> ZipHigh(Vector256<int> even, Vector256<int> odd) => Avx2.IsSupported
        ? Avx2.UnpackHigh(even, odd)
        : Vector256.Create(ZipHigh(even.GetLower(), odd.GetLower()), ZipHigh(even.GetUpper(), odd.GetUpper()));

    /// <inheritdoc cref="ZipLow(Vector256{short}, Vector256{short})"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<long> ZipLow(Vector256<long> even, Vector256<long> odd) => Avx2.IsSupported
        ? Avx2.UnpackLow(even, odd)
        : Vector256.Create(ZipLow(even.GetLower(), odd.GetLower()), ZipLow(even.GetUpper(), odd.GetUpper()));

    /// <inheritdoc cref="ZipHigh(Vector256{short}, Vector256{short})"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<long> ZipHigh(Vector256<long> even, Vector256<long> odd) => Avx2.IsSupported
        ? Avx2.UnpackHigh(even, odd)
        : Vector256.Create(ZipHigh(even.GetLower(), odd.GetLower()), ZipHigh(even.GetUpper(), odd.GetUpper()));

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
