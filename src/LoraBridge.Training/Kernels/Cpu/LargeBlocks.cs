using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using static LoraBridge.Training.Kernels.Cpu.BlockLanes;

namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>
/// Types with blocks of 256 in groups of 16 or 32, whose scales are integers times a scale d in F16 of the block. The formulas are ggml's,
/// operation for operation.
/// </summary>
/// <remarks>Bits of 32 elements lie side by side in 32 bytes, those of the next 32 elements above them, as far as the bytes reach.</remarks>
internal static class LargeBlocks
{
    /// <summary>16 bytes with 4 bits each of scale s and minimum m, 64 of two bits, d, e: x = d s q - e m.</summary>
    public readonly struct Q2 : IBlockFormat
    {
        public static int Bytes => 84;

        public static int Group => 16;

        public static bool HasConstants => true;

        public static int Highest => 3;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void ReadScales(ref readonly byte block, ref float scales, ref float constants)
        {
            var packed = Vector128.LoadUnsafe(in block);
            Store(LowHalves(packed).AsSByte(), Float16(in block, 80), ref scales);
            Store(HighHalves(packed).AsSByte(), -Float16(in block, 82), ref constants);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<sbyte> ReadIntegers(ref readonly byte block, nuint index) => TwoBits(in block, 16, index).AsSByte();
    }

    /// <summary>32 bytes of third bits, 64 of two bits, 12 with scales s of 6 bits, d: x = d (s - 32) (q - 4).</summary>
    public readonly struct Q3 : IBlockFormat
    {
        public static int Bytes => 110;

        public static int Group => 16;

        public static int Lowest => -4;

        public static int Highest => 3;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void ReadScales(ref readonly byte block, ref float scales, ref float constants)
        {
            // Four bits of s as Q4_0 has them, two more of four groups at a time.
            var low = Vector128.CreateScalar(Read<ulong>(in block, 96)).AsByte();
            var high = Read<uint>(in block, 104);
            var bits = Vector128.Create(high, high >> 2, high >> 4, high >> 6).AsByte() & Vector128.Create((byte)3);
            var four = Vector128.Create(LowHalves(low).GetLower(), HighHalves(low).GetLower());
            Store((four | (bits << 4)).AsSByte() - Vector128.Create((sbyte)32), Float16(in block, 108), ref scales);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<sbyte> ReadIntegers(ref readonly byte block, nuint index)
        {
            var third = Bit(in block, 0, index, 4);
            return (TwoBits(in block, 32, index) + third).AsSByte() - Vector256.Create((sbyte)4);
        }
    }

    /// <summary>d, e, 12 bytes with 6 bits each of scale s and minimum m, two elements to a byte: x = d s q - e m.</summary>
    public readonly struct Q4 : IBlockFormat
    {
        public static int Bytes => 144;

        public static bool HasConstants => true;

        public static int Highest => 15;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void ReadScales(ref readonly byte block, ref float scales, ref float constants) =>
            ReadSixBits(in block, ref scales, ref constants);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<sbyte> ReadIntegers(ref readonly byte block, nuint index) => FourBits(in block, 16, index).AsSByte();
    }

    /// <summary>As <see cref="Q4"/>, with 32 bytes of fifth bits before the elements.</summary>
    public readonly struct Q5 : IBlockFormat
    {
        public static int Bytes => 176;

        public static bool HasConstants => true;

        public static int Highest => 31;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void ReadScales(ref readonly byte block, ref float scales, ref float constants) =>
            ReadSixBits(in block, ref scales, ref constants);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<sbyte> ReadIntegers(ref readonly byte block, nuint index) =>
            (FourBits(in block, 48, index) | Bit(in block, 16, index, 0x10)).AsSByte();
    }

    /// <summary>128 bytes of low halves, 64 of two more bits, 16 scales s of 8 bits, d: x = d s (q - 32).</summary>
    public readonly struct Q6 : IBlockFormat
    {
        public static int Bytes => 210;

        public static int Group => 16;

        public static int Lowest => -32;

        public static int Highest => 31;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void ReadScales(ref readonly byte block, ref float scales, ref float constants) =>
            Store(Vector128.LoadUnsafe(in block, 192).AsSByte(), Float16(in block, 208), ref scales);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<sbyte> ReadIntegers(ref readonly byte block, nuint index)
        {
            // The halves of 64 bytes belong to the first and to the second 64 of 128 elements.
            var packed = Vector256.LoadUnsafe(in block, 64 * (index / 4) + 32 * (index % 2));
            var four = (index % 4 < 2 ? packed : (packed.AsUInt16() >>> 4).AsByte()) & Vector256.Create((byte)0xF);
            return (four | (TwoBits(in block, 128, index) << 4)).AsSByte() - Vector256.Create((sbyte)32);
        }
    }

    /// <summary>IQ4_XS: d, 6 bytes with scales s of 6 bits, two codes to a byte: x = d (s - 32) table[code].</summary>
    public readonly struct Nonlinear : IBlockFormat
    {
        public static int Bytes => 136;

        public static int Lowest => -127;

        public static int Highest => 113;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void ReadScales(ref readonly byte block, ref float scales, ref float constants)
        {
            var places = Vector256.Create(0u, 2, 4, 6, 8, 10, 12, 14);
            var high = VectorInstructions.ShiftRight(Vector256.Create((uint)Read<ushort>(in block, 2)), places) & Vector256.Create(3u);
            var low = VectorInstructions.ShiftRight(Vector256.Create(Read<uint>(in block, 4)), places + places) & Vector256.Create(0xFu);
            var s = (low | (high << 4)).AsInt32() - Vector256.Create(32);
            (Vector256.ConvertToSingle(s) * Float16(in block, 0)).StoreUnsafe(ref scales);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<sbyte> ReadIntegers(ref readonly byte block, nuint index)
        {
            var packed = Vector128.LoadUnsafe(in block, 8 + 16 * index);
            return LookUp(NonlinearTable, Vector256.Create(LowHalves(packed), HighHalves(packed)));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<byte> FourBits(ref readonly byte block, nuint at, nuint index) =>
        (Vector256.LoadUnsafe(in block, at + 32 * (index / 2)).AsUInt16() >>> (4 * (int)(index % 2))).AsByte() & Vector256.Create((byte)0xF);

    /// <summary><paramref name="value"/> for elements whose bit is set.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<byte> Bit(ref readonly byte block, nuint at, nuint index, byte value)
    {
        var bit = Vector256.Create((byte)(1 << (int)index));
        return Vector256.Equals(Vector256.LoadUnsafe(in block, at) & bit, bit) & Vector256.Create(value);
    }

    /// <summary>d s and -e m of 8 groups: the first four have 6 bits in bytes of their own, the others 4, and two in those of the first.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void ReadSixBits(ref readonly byte block, ref float scales, ref float constants)
    {
        const uint Six = 0x3F3F3F3F, Four = 0x0F0F0F0F, Two = 0x30303030;
        var first = Read<uint>(in block, 4);
        var second = Read<uint>(in block, 8);
        var third = Read<uint>(in block, 12);
        var packed = Vector128.Create(
            first & Six, (third & Four) | ((first >> 2) & Two), second & Six, ((third >> 4) & Four) | ((second >> 2) & Two)).AsSByte();
        var (s, m) = Vector256.Widen(VectorInstructions.WidenToInt16(packed));
        (Vector256.ConvertToSingle(s) * Float16(in block, 0)).StoreUnsafe(ref scales);
        (Vector256.ConvertToSingle(m) * -Float16(in block, 2)).StoreUnsafe(ref constants);
    }
}
