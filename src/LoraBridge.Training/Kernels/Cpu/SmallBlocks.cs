using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using static LoraBridge.Training.Kernels.Cpu.BlockLanes;

namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>
/// Types with blocks of 32, one with 64: a scale d, perhaps a smallest number m or fifth bits, then, but for 8 bits, two elements to a byte, the first
/// 16 in the low halves. The formulas are ggml's, operation for operation.
/// </summary>
internal static class SmallBlocks
{
    /// <summary>d in F16, 16 bytes: x = d (q - 8).</summary>
    public readonly struct Q4 : IHalvesFormat<Q4>
    {
        public static int Bytes => 18;

        public static int Lowest => -8;

        public static int Highest => 7;

        public static int HalfBytes => 2;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<sbyte> FromCodes(Vector256<byte> codes) => codes.AsSByte() - Vector256.Create((sbyte)8);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<sbyte> ReadIntegers(ref readonly byte block, nuint index) => FromCodes(Halves(in block, HalfBytes));
    }

    /// <summary>d and m in F16, 16 bytes: x = d q + m.</summary>
    public readonly struct Q4WithMinimum : IHalvesFormat<Q4WithMinimum>
    {
        public static int Bytes => 20;

        public static bool HasConstants => true;

        public static int Highest => 15;

        public static int HalfBytes => 4;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<sbyte> ReadIntegers(ref readonly byte block, nuint index) => Halves(in block, 4).AsSByte();
    }

    /// <summary>d in F16, fifth bits, 16 bytes: x = d (q - 16).</summary>
    public readonly struct Q5 : IHalvesFormat<Q5>
    {
        public static int Bytes => 22;

        public static int Lowest => -16;

        public static int Highest => 15;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<sbyte> ReadIntegers(ref readonly byte block, nuint index) => FiveBits(in block, 2) - Vector256.Create((sbyte)16);
    }

    /// <summary>d and m in F16, fifth bits, 16 bytes: x = d q + m.</summary>
    public readonly struct Q5WithMinimum : IHalvesFormat<Q5WithMinimum>
    {
        public static int Bytes => 24;

        public static bool HasConstants => true;

        public static int Highest => 31;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<sbyte> ReadIntegers(ref readonly byte block, nuint index) => FiveBits(in block, 4);
    }

    /// <summary>d in F16, 32 bytes: x = d q.</summary>
    public readonly struct Q8 : IHalvesFormat<Q8>
    {
        public static int Bytes => 34;

        public static int Lowest => -128;

        public static int Highest => 127;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<sbyte> ReadIntegers(ref readonly byte block, nuint index) => Vector256.LoadUnsafe(in block, 2).AsSByte();
    }

    /// <summary>IQ4_NL: d in F16, 16 bytes of codes: x = d table[code].</summary>
    public readonly struct Nonlinear : IHalvesFormat<Nonlinear>
    {
        public static int Bytes => 18;

        public static int Lowest => -127;

        public static int Highest => 113;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<sbyte> ReadIntegers(ref readonly byte block, nuint index) => LookUp(NonlinearTable, Halves(in block, 2));
    }

    /// <summary>MXFP4: an exponent e of 8 bits, 16 bytes of codes: x = 2^(e - 128) table[code].</summary>
    public readonly struct Microscaling : IBlockFormat
    {
        public static int Elements => 32;

        public static int Bytes => 17;

        public static int Lowest => -12;

        public static int Highest => 12;

        // The two smallest powers are below the normal numbers.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void ReadScales(ref readonly byte block, ref float scales, ref float constants) =>
            scales = BitConverter.Int32BitsToSingle(block < 2 ? 0x00200000 << block : (block - 1) << 23);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<sbyte> ReadIntegers(ref readonly byte block, nuint index) => LookUp(TwiceFloat4, Halves(in block, 1));
    }

    /// <summary>NVFP4: for each 16 of 64 elements a scale s without sign, 4 bits of exponent and 3 of mantissa, and 8 bytes of codes: x = s / 2 table[code].</summary>
    public readonly struct MicroscalingBySixteen : IBlockFormat
    {
        public static int Elements => 64;

        public static int Bytes => 36;

        public static int Group => 16;

        public static int Lowest => -12;

        public static int Highest => 12;

        // Shifted to the bits of an F32, s is only off by a power of two; 0x7F is 0.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void ReadScales(ref readonly byte block, ref float scales, ref float constants)
        {
            const float PowerOfTwo = 6.646139978924579e35f; // 2^119
            var packed = VectorInstructions.WidenToInt32(Vector128.CreateScalar(Read<uint>(in block, 0)).AsByte()).GetLower();
            var bits = (packed & Vector128.Create(0x7F)) << 20;
            var s = Vector128.AndNot(bits, Vector128.Equals(packed, Vector128.Create(0x7F)));
            (s.AsSingle() * PowerOfTwo).StoreUnsafe(ref scales);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<sbyte> ReadIntegers(ref readonly byte block, nuint index)
        {
            var packed = Vector128.LoadUnsafe(in block, 4 + 16 * index);
            var (low, high) = (LowHalves(packed).AsInt64(), HighHalves(packed).AsInt64());
            return LookUp(TwiceFloat4, Vector256.Create(VectorInstructions.ZipLow(low, high), VectorInstructions.ZipHigh(low, high)).AsByte());
        }
    }

    /// <summary>Of 16 bytes with two elements each, the low halves and then the high ones.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<byte> Halves(ref readonly byte block, int at)
    {
        var packed = Vector128.LoadUnsafe(in block, (nuint)at);
        return VectorInstructions.ShiftRight(Vector256.Create(packed, packed).AsUInt32(), Vector256.Create(0u, 0, 0, 0, 4, 4, 4, 4)).AsByte() & Vector256.Create((byte)0xF);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<sbyte> FiveBits(ref readonly byte block, int at) =>
        (Halves(in block, at + 4) | Spread(Read<uint>(in block, (nuint)at), 0x10)).AsSByte();
}
