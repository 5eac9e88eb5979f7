using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using static LoraBridge.Training.Kernels.Cpu.BlockLanes;

namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>
/// Types with blocks of 256 whose codes stand for 4 or 8 elements at once (<see cref="BlockGrids"/>): a scale d in F16 of the block, scales of
/// 3 or 4 bits, and signs. A scale, d times an odd number below 32 over a power of two, is exact in F32: the order of ggml's operations, even that
/// of IQ1's shift, makes no difference.
/// </summary>
internal static class GridBlocks
{
    /// <summary>IQ2_XXS: d; for each 32 elements 4 codes of 8 bits, 4 times 7 signs, 4 bits of scale s: x = d (2 s + 1) / 8 q.</summary>
    public readonly struct Iq2Xxs : IBlockFormat
    {
        public static int Bytes => 66;

        public static int Lowest => -43;

        public static int Highest => 43;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void ReadScales(ref readonly byte block, ref float scales, ref float constants)
        {
            var low = Vector256.LoadUnsafe(in block, 2).AsUInt64() >>> 60;
            var high = Vector256.LoadUnsafe(in block, 34).AsUInt64() >>> 60;
            Store(Vector256.Narrow(low, high).AsInt32(), Float16(in block, 0) / 8, ref scales);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<sbyte> ReadIntegers(ref readonly byte block, nuint index)
        {
            ref var grid = ref MemoryMarshal.GetArrayDataReference(BlockGrids.Iq2Xxs);
            var codes = Read<uint>(in block, 2 + 8 * index);
            var eights = Vector256.Create(
                At(ref grid, (byte)codes), At(ref grid, (byte)(codes >> 8)), At(ref grid, (byte)(codes >> 16)), At(ref grid, codes >> 24));
            return Sign(eights.AsSByte(), EvenSigns(Read<uint>(in block, 6 + 8 * index)));
        }
    }

    /// <summary>IQ2_XS: d, 32 times a code of 9 bits and 7 signs, 8 bytes with 4 bits each of two scales s: x = d (2 s + 1) / 8 q.</summary>
    public readonly struct Iq2Xs : IBlockFormat
    {
        public static int Bytes => 74;

        public static int Group => 16;

        public static int Lowest => -43;

        public static int Highest => 43;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void ReadScales(ref readonly byte block, ref float scales, ref float constants) => ReadHalves(in block, 66, ref scales);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<sbyte> ReadIntegers(ref readonly byte block, nuint index)
        {
            ref var grid = ref MemoryMarshal.GetArrayDataReference(BlockGrids.Iq2Xs);
            var codes = Read<ulong>(in block, 2 + 8 * index);
            var eights = Vector256.Create(
                At(ref grid, (uint)codes & 511), At(ref grid, (uint)(codes >> 16) & 511),
                At(ref grid, (uint)(codes >> 32) & 511), At(ref grid, (uint)(codes >> 48) & 511));
            var signs = codes >> 9;
            return Sign(eights.AsSByte(), WithParity(
                (uint)signs & 0x7F | (uint)(signs >> 8) & 0x7F00 | (uint)(signs >> 16) & 0x7F0000 | (uint)(signs >> 24) & 0x7F000000));
        }
    }

    /// <summary>IQ2_S: d, 32 codes of 8 bits, 32 bytes of signs, 2 more bits for each code, scales as <see cref="Iq2Xs"/>.</summary>
    public readonly struct Iq2S : IBlockFormat
    {
        public static int Bytes => 82;

        public static int Group => 16;

        public static int Lowest => -43;

        public static int Highest => 43;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void ReadScales(ref readonly byte block, ref float scales, ref float constants) => ReadHalves(in block, 74, ref scales);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<sbyte> ReadIntegers(ref readonly byte block, nuint index)
        {
            ref var grid = ref MemoryMarshal.GetArrayDataReference(BlockGrids.Iq2S);
            var codes = Read<uint>(in block, 2 + 4 * index);
            uint high = Read<byte>(in block, 66 + index);
            var eights = Vector256.Create(
                At(ref grid, (byte)codes | (high << 8) & 0x300), At(ref grid, (byte)(codes >> 8) | (high << 6) & 0x300),
                At(ref grid, (byte)(codes >> 16) | (high << 4) & 0x300), At(ref grid, codes >> 24 | (high << 2) & 0x300));
            return Sign(eights.AsSByte(), Read<uint>(in block, 34 + 4 * index));
        }
    }

    /// <summary>IQ3_XXS: d, 64 codes of 8 bits; for each 32 elements 4 times 7 signs, 4 bits of scale s: x = d (2 s + 1) / 4 q.</summary>
    public readonly struct Iq3Xxs : IBlockFormat
    {
        public static int Bytes => 98;

        public static int Lowest => -62;

        public static int Highest => 62;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void ReadScales(ref readonly byte block, ref float scales, ref float constants) =>
            Store((Vector256.LoadUnsafe(in block, 66).AsUInt32() >>> 28).AsInt32(), Float16(in block, 0) / 4, ref scales);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<sbyte> ReadIntegers(ref readonly byte block, nuint index)
        {
            ref var grid = ref MemoryMarshal.GetArrayDataReference(BlockGrids.Iq3Xxs);
            var codes = Read<ulong>(in block, 2 + 8 * index);
            var fours = Vector256.Create(
                At(ref grid, (byte)codes), At(ref grid, (byte)(codes >> 8)), At(ref grid, (byte)(codes >> 16)), At(ref grid, (byte)(codes >> 24)),
                At(ref grid, (byte)(codes >> 32)), At(ref grid, (byte)(codes >> 40)), At(ref grid, (byte)(codes >> 48)), At(ref grid, (byte)(codes >> 56)));
            return Sign(fours.AsSByte(), EvenSigns(Read<uint>(in block, 66 + 4 * index)));
        }
    }

    /// <summary>IQ3_S: d, 64 codes of 8 bits and a ninth of each, 32 bytes of signs, 4 with 4 bits each of two scales s: x = d (2 s + 1) q.</summary>
    public readonly struct Iq3S : IBlockFormat
    {
        public static int Bytes => 110;

        public static int Lowest => -15;

        public static int Highest => 15;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void ReadScales(ref readonly byte block, ref float scales, ref float constants)
        {
            var packed = Vector128.CreateScalar(Read<uint>(in block, 106)).AsByte();
            var s = VectorInstructions.ZipLow(LowHalves(packed), HighHalves(packed));
            Store(VectorInstructions.WidenToInt32(s), Float16(in block, 0), ref scales);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<sbyte> ReadIntegers(ref readonly byte block, nuint index)
        {
            ref var grid = ref MemoryMarshal.GetArrayDataReference(BlockGrids.Iq3S);
            var codes = Read<ulong>(in block, 2 + 8 * index);
            uint high = Read<byte>(in block, 66 + index);
            var fours = Vector256.Create(
                At(ref grid, (byte)codes | (high << 8) & 256), At(ref grid, (byte)(codes >> 8) | (high << 7) & 256),
                At(ref grid, (byte)(codes >> 16) | (high << 6) & 256), At(ref grid, (byte)(codes >> 24) | (high << 5) & 256),
                At(ref grid, (byte)(codes >> 32) | (high << 4) & 256), At(ref grid, (byte)(codes >> 40) | (high << 3) & 256),
                At(ref grid, (byte)(codes >> 48) | (high << 2) & 256), At(ref grid, (byte)(codes >> 56) | (high << 1) & 256));
            return Sign(fours.AsSByte(), Read<uint>(in block, 74 + 4 * index));
        }
    }

    /// <summary>
    /// IQ1_S: d, 32 codes of 8 bits; for each 32 elements 3 more bits of 4 codes, 3 bits of scale s, and whether the table's
    /// -1, 0 and 1 are shifted down, or up, by 1/8: x = d (2 s + 1) / 8 q.
    /// </summary>
    public readonly struct Iq1S : IBlockFormat
    {
        public static int Bytes => 50;

        public static int Lowest => -9;

        public static int Highest => 9;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void ReadScales(ref readonly byte block, ref float scales, ref float constants)
        {
            var packed = Vector128.LoadUnsafe(in block, 34).AsUInt16() >>> 12 & Vector128.Create((ushort)7);
            Store(VectorInstructions.WidenToInt32(packed), Float16(in block, 0) / 8, ref scales);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<sbyte> ReadIntegers(ref readonly byte block, nuint index)
        {
            ref var grid = ref MemoryMarshal.GetArrayDataReference(BlockGrids.Iq1);
            var codes = Read<uint>(in block, 2 + 4 * index);
            uint high = Read<ushort>(in block, 34 + 2 * index);
            var eights = Vector256.Create(
                At(ref grid, (byte)codes | (high << 8) & 0x700), At(ref grid, (byte)(codes >> 8) | (high << 5) & 0x700),
                At(ref grid, (byte)(codes >> 16) | (high << 2) & 0x700), At(ref grid, codes >> 24 | (high >> 1) & 0x700));
            return eights.AsSByte() - Vector256.Create((sbyte)(high >> 15 << 1));
        }
    }

    /// <summary>
    /// IQ1_M: 32 codes of 8 bits, 32 halves of a byte with 3 more bits of a code and whether it is shifted down, 4 words with 4 scales s of 3 bits
    /// and 4 bits of d: x = d (2 s + 1) / 8 q.
    /// </summary>
    public readonly struct Iq1M : IBlockFormat
    {
        public static int Bytes => 56;

        public static int Group => 16;

        public static int Lowest => -9;

        public static int Highest => 9;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void ReadScales(ref readonly byte block, ref float scales, ref float constants)
        {
            var packed = Read<ulong>(in block, 48);
            var d = (ushort)(packed >> 12 & 0xF | packed >> 24 & 0xF0 | packed >> 36 & 0xF00 | packed >> 48 & 0xF000);
            var scale = Float16(in Unsafe.As<ushort, byte>(ref d), 0) / 8;
            var words = VectorInstructions.WidenToInt64(Vector128.CreateScalar(packed).AsUInt16());
            // A word's fields of 3 bits, two at a time, go to the halves of 64 bits: 0 and 3, 6 and 9.
            var first = (words | words << 29) & Vector256.Create(0x0000_0007_0000_0007);
            var second = (words >>> 6 | words << 23) & Vector256.Create(0x0000_0007_0000_0007);
            Store(Zip(first.GetLower(), second.GetLower()), scale, ref scales);
            Store(Zip(first.GetUpper(), second.GetUpper()), scale, ref Unsafe.Add(ref scales, 8));
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static Vector256<int> Zip(Vector128<long> even, Vector128<long> odd) =>
            Vector256.Create(VectorInstructions.ZipLow(even, odd), VectorInstructions.ZipHigh(even, odd)).AsInt32();

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<sbyte> ReadIntegers(ref readonly byte block, nuint index)
        {
            ref var grid = ref MemoryMarshal.GetArrayDataReference(BlockGrids.Iq1);
            var codes = Read<uint>(in block, 4 * index);
            uint high = Read<ushort>(in block, 32 + 2 * index);
            var eights = Vector256.Create(
                At(ref grid, (byte)codes | (high << 8) & 0x700), At(ref grid, (byte)(codes >> 8) | (high << 4) & 0x700),
                At(ref grid, (byte)(codes >> 16) | high & 0x700), At(ref grid, codes >> 24 | (high >> 4) & 0x700));
            var bits = Vector256.Create(0x8UL, 0x80, 0x800, 0x8000);
            var down = Vector256.Equals(Vector256.Create((ulong)high) & bits, bits);
            return eights.AsSByte() - (down.AsSByte() & Vector256.Create((sbyte)2));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T At<T>(ref T grid, uint code) => Unsafe.Add(ref grid, code);

    /// <summary>Scales d (2 s + 1) of 8 groups.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(Vector256<int> s, float d, ref float scales) =>
        (Vector256.ConvertToSingle(s + s + Vector256<int>.One) * d).StoreUnsafe(ref scales);

    /// <summary>Scales d (2 s + 1) / 8 of 16 groups, from 8 bytes with 4 bits each of two s.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void ReadHalves(ref readonly byte block, nuint at, ref float scales)
    {
        var packed = Vector128.CreateScalar(Read<ulong>(in block, at)).AsByte();
        var s = VectorInstructions.ZipLow(LowHalves(packed), HighHalves(packed)).AsSByte();
        BlockLanes.Store(s + s + Vector128<sbyte>.One, Float16(in block, 0) / 8, ref scales);
    }

    /// <summary>32 signs of which every eighth is not stored, below 4 bits that are none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint EvenSigns(uint bits) =>
        WithParity(bits & 0x7F | (bits << 1) & 0x7F00 | (bits << 2) & 0x7F0000 | (bits << 3) & 0x7F000000);

    /// <summary>Sets the upper bit of each byte so that the number of its bits is even.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint WithParity(uint bits)
    {
        // What comes from the next byte only reaches bits that do not count.
        var parity = bits ^ bits >> 4;
        parity ^= parity >> 2;
        parity ^= parity >> 1;
        return bits | (parity & 0x01010101) << 7;
    }

    /// <summary>Negates the elements whose bit is set.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<sbyte> Sign(Vector256<sbyte> magnitudes, uint signs)
    {
        var negative = Spread(signs, 0xFF).AsSByte();
        return (magnitudes ^ negative) - negative;
    }
}
