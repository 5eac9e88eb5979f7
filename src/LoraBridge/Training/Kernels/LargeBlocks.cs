using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using static LoraBridge.Training.Kernels.BlockLanes;

namespace LoraBridge.Training.Kernels;

/// <summary>
/// Types with blocks of 256 in groups of 16 or 32, whose scales are integers times a scale d in F16 of the block. The formulas are ggml's,
/// operation for operation.
/// </summary>
internal static class LargeBlocks
{
    private const int Group = 16;

    /// <summary>16 bytes with 4 bits each of scale s and minimum m, 64 of two bits, d, e: x = d s q - e m.</summary>
    public readonly struct Q2 : IBlockFormat
    {
        public static int Elements => 256;

        public static int Bytes => 84;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Convert(ReadOnlySpan<byte> from, Span<float> to)
        {
            var (d, e) = (Float16(from, 80), Float16(from, 82));
            for (var part = 0; part < 4; part++)
            {
                var bits = Vector128.Create(from[(16 + Group * part)..]);
                for (var quarter = 0; quarter < 4; quarter++, bits >>>= 2)
                {
                    var group = GroupOf(part, quarter);
                    var (scale, minimum) = (d * (from[group] & 0xF), e * (from[group] >> 4));
                    Store(bits & Vector128.Create((byte)3), scale, -minimum, ref to[group * Group]);
                }
            }
        }
    }

    /// <summary>32 bytes of third bits, 64 of two bits, 12 with scales s of 6 bits, d: x = d (s - 32) (q - 4).</summary>
    public readonly struct Q3 : IBlockFormat
    {
        public static int Elements => 256;

        public static int Bytes => 110;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Convert(ReadOnlySpan<byte> from, Span<float> to)
        {
            var scales = from.Slice(96, 12);
            var d = Float16(from, 108);
            for (var part = 0; part < 4; part++)
            {
                var bits = Vector128.Create(from[(32 + Group * part)..]);
                var thirds = Vector128.Create(from[(Group * (part % 2))..]);
                for (var quarter = 0; quarter < 4; quarter++, bits >>>= 2)
                {
                    var group = GroupOf(part, quarter);
                    var third = thirds & Vector128.Create((byte)(1 << (group / 2)));
                    var below = Vector128.Equals(third, Vector128<byte>.Zero) & Vector128.Create((byte)4);
                    var low = group < 8 ? scales[group] & 0xF : scales[group - 8] >> 4;
                    var scale = low | (((scales[8 + group % 4] >> (2 * (group / 4))) & 3) << 4);
                    var q = (bits & Vector128.Create((byte)3)) - below;
                    Store(q.AsSByte(), d * (scale - 32), ref to[group * Group]);
                }
            }
        }
    }

    /// <summary>d, e, 12 bytes with 6 bits each of scale s and minimum m, two elements to a byte: x = d s q - e m.</summary>
    public readonly struct Q4 : IBlockFormat
    {
        public static int Elements => 256;

        public static int Bytes => 144;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Convert(ReadOnlySpan<byte> from, Span<float> to)
        {
            var (d, e) = (Float16(from, 0), Float16(from, 2));
            for (var pair = 0; pair < 8; pair++)
            {
                var (scale, minimum) = ScaleAndMinimum(from.Slice(4, 12), pair, d, e);
                for (var part = 0; part < 2; part++)
                    Store(FourBits(from[16..], pair, part), scale, minimum, ref to[(2 * pair + part) * Group]);
            }
        }
    }

    /// <summary>As <see cref="Q4"/>, with 32 bytes of fifth bits before the elements.</summary>
    public readonly struct Q5 : IBlockFormat
    {
        public static int Elements => 256;

        public static int Bytes => 176;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Convert(ReadOnlySpan<byte> from, Span<float> to)
        {
            var (d, e) = (Float16(from, 0), Float16(from, 2));
            for (var pair = 0; pair < 8; pair++)
            {
                var (scale, minimum) = ScaleAndMinimum(from.Slice(4, 12), pair, d, e);
                var bit = Vector128.Create((byte)(1 << pair));
                for (var part = 0; part < 2; part++)
                {
                    var fifth = Vector128.Equals(Vector128.Create(from[(16 + Group * part)..]) & bit, bit) & Vector128.Create((byte)0x10);
                    Store(FourBits(from[48..], pair, part) | fifth, scale, minimum, ref to[(2 * pair + part) * Group]);
                }
            }
        }
    }

    /// <summary>128 bytes of low halves, 64 of two more bits, 16 scales s of 8 bits, d: x = d s (q - 32).</summary>
    public readonly struct Q6 : IBlockFormat
    {
        public static int Elements => 256;

        public static int Bytes => 210;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Convert(ReadOnlySpan<byte> from, Span<float> to)
        {
            var d = Float16(from, 208);
            for (var part = 0; part < 4; part++)
            {
                var bits = Vector128.Create(from[(128 + Group * part)..]);
                for (var quarter = 0; quarter < 4; quarter++, bits >>>= 2)
                {
                    var group = GroupOf(part, quarter);
                    var four = Vector128.Create(from[(64 * (part / 2) + 32 * (quarter % 2) + Group * (part % 2))..]);
                    var q = (quarter < 2 ? LowHalves(four) : HighHalves(four)) | ((bits & Vector128.Create((byte)3)) << 4);
                    Store(q.AsSByte() - Vector128.Create((sbyte)32), d * (sbyte)from[192 + group], ref to[group * Group]);
                }
            }
        }
    }

    /// <summary>IQ4_XS: d, 6 bytes with scales s of 6 bits, two codes to a byte: x = d (s - 32) table[q].</summary>
    public readonly struct Nonlinear : IBlockFormat
    {
        public static int Elements => 256;

        public static int Bytes => 136;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Convert(ReadOnlySpan<byte> from, Span<float> to)
        {
            var (d, high) = (Float16(from, 0), MemoryMarshal.Read<ushort>(from[2..]));
            for (var pair = 0; pair < 8; pair++)
            {
                var s = ((from[4 + pair / 2] >> (4 * (pair % 2))) & 0xF) | (((high >> (2 * pair)) & 3) << 4);
                var (scale, packed) = (d * (s - 32), Vector128.Create(from[(8 + Group * pair)..]));
                Store(LookUp(NonlinearTable, LowHalves(packed)), scale, ref to[2 * pair * Group]);
                Store(LookUp(NonlinearTable, HighHalves(packed)), scale, ref to[(2 * pair + 1) * Group]);
            }
        }
    }

    /// <summary>Of 16 bytes with four times two bits, where the elements of the bits at 2 <paramref name="quarter"/> go.</summary>
    private static int GroupOf(int part, int quarter) => 8 * (part / 2) + 2 * quarter + part % 2;

    /// <summary>Of 64 elements in 32 bytes, the first 32 are in the low halves.</summary>
    private static Vector128<byte> FourBits(ReadOnlySpan<byte> from, int pair, int part)
    {
        var packed = Vector128.Create(from[(32 * (pair / 2) + Group * part)..]);
        return pair % 2 == 0 ? LowHalves(packed) : HighHalves(packed);
    }

    /// <summary>d s and -e m of 32 elements: the first four have 6 bits in bytes of their own, the others 4, and two in those of the first.</summary>
    private static (float Scale, float Constant) ScaleAndMinimum(ReadOnlySpan<byte> packed, int index, float d, float e)
    {
        var (s, m) = index < 4
            ? (packed[index] & 63, packed[index + 4] & 63)
            : ((packed[index + 4] & 0xF) | (packed[index - 4] >> 6 << 4), (packed[index + 4] >> 4) | (packed[index] >> 6 << 4));
        return (d * s, -(e * m));
    }
}
