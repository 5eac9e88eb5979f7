using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>What conversions of quantised blocks have in common: 16 elements at a time.</summary>
internal static class BlockLanes
{
    // Parts of numbers in F16 and F32, and how far apart their exponents are: 2^112.
    private const int Exponent = 0x7C00, SignAndMagnitude = unchecked((int)0x8FFFE000), WideExponent = 0x7F800000;
    private const float PowerOfTwo = 5.192296858534828e33f;

    /// <summary>What the 16 codes of the non-linear 4-bit types stand for.</summary>
    public static Vector128<sbyte> NonlinearTable => Vector128.Create(-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113);

    /// <summary>Twice the numbers of 4 bits with an exponent of 2 and a mantissa of 1.</summary>
    public static Vector128<sbyte> TwiceFloat4 => Vector128.Create(0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12);

    public static Vector128<byte> LowHalves(Vector128<byte> bytes) => bytes & Vector128.Create((byte)0xF);

    public static Vector128<byte> HighHalves(Vector128<byte> bytes) => bytes >>> 4;

    /// <summary>The table's number for each code below 16.</summary>
    public static Vector256<sbyte> LookUp(Vector128<sbyte> table, Vector256<byte> codes) => VectorInstructions.LookUp(table.AsByte(), codes).AsSByte();

    /// <summary>Bytes that are <paramref name="value"/> where the bit of their index is set in <paramref name="bits"/>, else 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Spread(uint bits, byte value)
    {
        const ulong Byte = 0x0101010101010101;
        var bytes = VectorInstructions.LookUp(Vector128.Create(bits).AsByte(), Vector256.Create(0, Byte, 2 * Byte, 3 * Byte).AsByte());
        var single = Vector256.Create(0x8040201008040201).AsByte();
        return Vector256.Equals(bytes & single, single) & Vector256.Create(value);
    }

    /// <summary>The <paramref name="index"/>th 32 elements of two bits: in 32 bytes, 32 lie side by side and the next 32 above them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> TwoBits(ref readonly byte block, nuint at, nuint index) =>
        (Vector256.LoadUnsafe(in block, at + 32 * (index / 4)).AsUInt16() >>> (2 * (int)(index % 4))).AsByte() & Vector256.Create((byte)3);

    /// <summary>
    /// A scale in F16. .NET's own conversion takes longer than that of the 32 elements it belongs to; shifted to the bits of an F32, the
    /// number is only off by a power of two, and what is no number gets the largest exponent.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Float16(ref readonly byte block, nuint at)
    {
        int half = Read<short>(in block, at);
        var bits = (half << 13) & SignAndMagnitude;
        return (half & Exponent) == Exponent
            ? BitConverter.Int32BitsToSingle(bits | WideExponent)
            : BitConverter.Int32BitsToSingle(bits) * PowerOfTwo;
    }

    /// <inheritdoc cref="Float16(ref readonly byte, nuint)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Float16(Vector128<short> halves)
    {
        var (wide, exponent) = (VectorInstructions.WidenToInt32(halves), Vector256.Create(Exponent));
        var bits = (wide << 13) & Vector256.Create(SignAndMagnitude);
        return Vector256.ConditionalSelect(
            Vector256.Equals(wide & exponent, exponent).AsSingle(), (bits | Vector256.Create(WideExponent)).AsSingle(), bits.AsSingle() * PowerOfTwo);
    }

    /// <summary>Reads a number at <paramref name="at"/> bytes from the block's start.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Read<T>(ref readonly byte block, nuint at) where T : unmanaged =>
        Unsafe.ReadUnaligned<T>(in Unsafe.AddByteOffset(ref Unsafe.AsRef(in block), at));

    /// <summary>x = s q.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector128<sbyte> integers, float scale, ref float to)
    {
        if (Avx512F.IsSupported)
        {
            (Vector512.ConvertToSingle(Avx512F.ConvertToVector512Int32(integers)) * scale).StoreUnsafe(ref to);
            return;
        }
        var (low, high) = Widen(integers);
        (low * scale).StoreUnsafe(ref to);
        (high * scale).StoreUnsafe(ref to, 8);
    }

    /// <summary>x = s q + c.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector128<sbyte> integers, float scale, float constant, ref float to)
    {
        if (Avx512F.IsSupported)
        {
            var wide = Vector512.ConvertToSingle(Avx512F.ConvertToVector512Int32(integers));
            (wide * scale + Vector512.Create(constant)).StoreUnsafe(ref to);
            return;
        }
        var (low, high) = Widen(integers);
        (low * scale + Vector256.Create(constant)).StoreUnsafe(ref to);
        (high * scale + Vector256.Create(constant)).StoreUnsafe(ref to, 8);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector256<float> Low, Vector256<float> High) Widen(Vector128<sbyte> integers)
    {
        var low = VectorInstructions.WidenToInt32(integers);
        var high = VectorInstructions.WidenToInt32(VectorInstructions.UpperHalf(integers));
        return (Vector256.ConvertToSingle(low), Vector256.ConvertToSingle(high));
    }
}
