using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using static LoraBridge.Training.Kernels.Cpu.BlockLanes;

namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>Types with one scale d in F16 for the whole block and elements of one or two bits, or of one of three values, five to a byte.</summary>
internal static class FewBitBlocks
{
    /// <summary>Q1_0: d, 128 signs: x = d q.</summary>
    public readonly struct Q1 : IBlockFormat
    {
        public static int Elements => 128;

        public static int Bytes => 18;

        public static int Lowest => -1;

        public static int Highest => 1;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void ReadScales(ref readonly byte block, ref float scales, ref float constants) =>
            Vector128.Create(Float16(in block, 0)).StoreUnsafe(ref scales);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<sbyte> ReadIntegers(ref readonly byte block, nuint index) =>
            Spread(Read<uint>(in block, 2 + 4 * index), 2).AsSByte() - Vector256<sbyte>.One;
    }

    /// <summary>Q2_0: d, 64 elements of two bits, four neighbours to a byte: x = d (q - 1).</summary>
    public readonly struct Q2 : IBlockFormat
    {
        public static int Elements => 64;

        public static int Bytes => 18;

        public static int Lowest => -1;

        public static int Highest => 2;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void ReadScales(ref readonly byte block, ref float scales, ref float constants) =>
            scales = Unsafe.Add(ref scales, 1) = Float16(in block, 0);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<sbyte> ReadIntegers(ref readonly byte block, nuint index)
        {
            var bytes = VectorInstructions.WidenToInt32(Vector128.CreateScalar(Read<ulong>(in block, 2 + 8 * index)).AsByte()).AsUInt32();
            var halves = (bytes | (bytes << 12)) & Vector256.Create(0x000F000Fu);
            return ((halves | (halves << 6)).AsByte() & Vector256.Create((byte)3)).AsSByte() - Vector256<sbyte>.One;
        }
    }

    /// <summary>
    /// TQ1_0: 48 bytes with five elements each, 4 bytes with four, d: x = d (q - 1). A byte is a fraction of 256, whose digits to the base 3 are
    /// the elements; those of 32 bytes lie side by side, then those of 16, then those of 4.
    /// </summary>
    public readonly struct Ternary : IBlockFormat
    {
        public static int Bytes => 54;

        public static int Lowest => -1;

        public static int Highest => 1;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void ReadScales(ref readonly byte block, ref float scales, ref float constants) =>
            Vector256.Create(Float16(in block, 52)).StoreUnsafe(ref scales);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<sbyte> ReadIntegers(ref readonly byte block, nuint index)
        {
            const ulong Ones = 0x0001000100010001;
            ReadOnlySpan<byte> powers = [1, 3, 9, 27, 81];
            if (index < 5)
            {
                var power = Vector256.Create((ushort)powers[(int)index]);
                return Vector256.Narrow(Digit(in block, 0, power), Digit(in block, 16, power)).AsSByte() - Vector256<sbyte>.One;
            }
            if (index < 7)
            {
                var (first, second) = index == 5 ? (1, 3) : (9, 27);
                return Vector256.Narrow(
                    Digit(in block, 32, Vector256.Create((ushort)first)), Digit(in block, 32, Vector256.Create((ushort)second))).AsSByte()
                    - Vector256<sbyte>.One;
            }
            var four = Vector128.Create(Read<uint>(in block, 48)).AsByte();
            return Vector256.Narrow(
                Digit(in block, 32, Vector256.Create((ushort)81)),
                Digit(four, Vector256.Create(Ones, 3 * Ones, 9 * Ones, 27 * Ones).AsUInt16())).AsSByte() - Vector256<sbyte>.One;
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static Vector256<ushort> Digit(ref readonly byte block, nuint at, Vector256<ushort> power) =>
            Digit(Vector128.LoadUnsafe(in block, at), power);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static Vector256<ushort> Digit(Vector128<byte> bytes, Vector256<ushort> power)
        {
            var fraction = VectorInstructions.WidenToUInt16(bytes) * power & Vector256.Create((ushort)0xFF);
            return (fraction * Vector256.Create((ushort)3)) >>> 8;
        }
    }

    /// <summary>TQ2_0: 64 bytes of two bits, d: x = d (q - 1).</summary>
    public readonly struct TernaryInTwoBits : IBlockFormat
    {
        public static int Bytes => 66;

        public static int Lowest => -1;

        public static int Highest => 2;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void ReadScales(ref readonly byte block, ref float scales, ref float constants) =>
            Vector256.Create(Float16(in block, 64)).StoreUnsafe(ref scales);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<sbyte> ReadIntegers(ref readonly byte block, nuint index) =>
            TwoBits(in block, 0, index).AsSByte() - Vector256<sbyte>.One;
    }
}
