using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using static LoraBridge.Training.Kernels.BlockLanes;

namespace LoraBridge.Training.Kernels;

/// <summary>
/// Conversion of types with blocks of 256 in groups of 16 or 32, whose scales are integers times a scale d in F16 of the block. The formulas
/// are ggml's, operation for operation.
/// </summary>
internal static class LargeBlocks
{
    private const int Elements = 256, Group = 16;

    /// <summary>16 bytes with 4 bits each of scale s and minimum m, 64 of two bits, d, e: x = d s q - e m.</summary>
    public static void ConvertQ2(ReadOnlySpan<byte> source, Span<float> destination)
    {
        const int Bytes = 84;
        for (var block = 0; block * Elements < destination.Length; block++)
        {
            var from = source.Slice(block * Bytes, Bytes);
            var (d, e) = (Float16(from, 80), Float16(from, 82));
            for (var part = 0; part < 4; part++)
            {
                var bits = Vector128.Create(from[(16 + Group * part)..]);
                for (var quarter = 0; quarter < 4; quarter++, bits >>>= 2)
                {
                    var group = 8 * (part / 2) + 2 * quarter + part % 2;
                    var (scale, minimum) = (d * (from[group] & 0xF), e * (from[group] >> 4));
                    Store(
                        bits & Vector128.Create((byte)3), Vector256.Create(scale), Vector256.Create(-minimum), ref Target(destination, block, group));
                }
            }
        }
    }

    /// <summary>32 bytes of third bits, 64 of two bits, 12 with scales s of 6 bits, d: x = d (s - 32) (q - 4).</summary>
    public static void ConvertQ3(ReadOnlySpan<byte> source, Span<float> destination)
    {
        const int Bytes = 110;
        for (var block = 0; block * Elements < destination.Length; block++)
        {
            var from = source.Slice(block * Bytes, Bytes);
            var scales = from.Slice(96, 12);
            var d = Float16(from, 108);
            for (var part = 0; part < 4; part++)
            {
                var bits = Vector128.Create(from[(32 + Group * part)..]);
                var thirds = Vector128.Create(from[(Group * (part % 2))..]);
                for (var quarter = 0; quarter < 4; quarter++, bits >>>= 2)
                {
                    var group = 8 * (part / 2) + 2 * quarter + part % 2;
                    var third = thirds & Vector128.Create((byte)(1 << (group / 2)));
                    var below = Vector128.Equals(third, Vector128<byte>.Zero) & Vector128.Create((byte)4);
                    var low = group < 8 ? scales[group] & 0xF : scales[group - 8] >> 4;
                    var scale = low | (((scales[8 + group % 4] >> (2 * (group / 4))) & 3) << 4);
                    var q = (bits & Vector128.Create((byte)3)) - below;
                    Store(q.AsSByte(), Vector256.Create(d * (scale - 32)), ref Target(destination, block, group));
                }
            }
        }
    }

    /// <summary>d, e, 12 bytes with 6 bits each of scale s and minimum m, two elements to a byte: x = d s q - e m.</summary>
    public static void ConvertQ4(ReadOnlySpan<byte> source, Span<float> destination)
    {
        const int Bytes = 144;
        for (var block = 0; block * Elements < destination.Length; block++)
        {
            var from = source.Slice(block * Bytes, Bytes);
            var (d, e) = (Float16(from, 0), Float16(from, 2));
            for (var pair = 0; pair < Elements / (2 * Group); pair++)
            {
                var (scale, minimum) = ScaleAndMinimum(from.Slice(4, 12), pair, d, e);
                for (var part = 0; part < 2; part++)
                {
                    var packed = Vector128.Create(from[(16 + 32 * (pair / 2) + Group * part)..]);
                    var q = pair % 2 == 0 ? LowHalves(packed) : HighHalves(packed);
                    Store(q, scale, minimum, ref Target(destination, block, 2 * pair + part));
                }
            }
        }
    }

    /// <summary>As <see cref="ConvertQ4"/>, with 32 bytes of fifth bits before the elements.</summary>
    public static void ConvertQ5(ReadOnlySpan<byte> source, Span<float> destination)
    {
        const int Bytes = 176;
        for (var block = 0; block * Elements < destination.Length; block++)
        {
            var from = source.Slice(block * Bytes, Bytes);
            var (d, e) = (Float16(from, 0), Float16(from, 2));
            for (var pair = 0; pair < Elements / (2 * Group); pair++)
            {
                var (scale, minimum) = ScaleAndMinimum(from.Slice(4, 12), pair, d, e);
                var bit = Vector128.Create((byte)(1 << pair));
                for (var part = 0; part < 2; part++)
                {
                    var packed = Vector128.Create(from[(48 + 32 * (pair / 2) + Group * part)..]);
                    var fifth = Vector128.Equals(Vector128.Create(from[(16 + Group * part)..]) & bit, bit) & Vector128.Create((byte)0x10);
                    var q = pair % 2 == 0 ? LowHalves(packed) : HighHalves(packed);
                    Store(q | fifth, scale, minimum, ref Target(destination, block, 2 * pair + part));
                }
            }
        }
    }

    /// <summary>128 bytes of low halves, 64 of two more bits, 16 scales s of 8 bits, d: x = d s (q - 32).</summary>
    public static void ConvertQ6(ReadOnlySpan<byte> source, Span<float> destination)
    {
        const int Bytes = 210;
        for (var block = 0; block * Elements < destination.Length; block++)
        {
            var from = source.Slice(block * Bytes, Bytes);
            var d = Float16(from, 208);
            for (var part = 0; part < 4; part++)
            {
                var (half, side) = (part / 2, part % 2);
                var bits = Vector128.Create(from[(128 + Group * part)..]);
                for (var quarter = 0; quarter < 4; quarter++, bits >>>= 2)
                {
                    var group = 8 * half + 2 * quarter + side;
                    var four = Vector128.Create(from[(64 * half + 32 * (quarter % 2) + Group * side)..]);
                    four = quarter < 2 ? LowHalves(four) : HighHalves(four);
                    var q = four | ((bits & Vector128.Create((byte)3)) << 4);
                    Store(q.AsSByte() - Vector128.Create((sbyte)32), Vector256.Create(d * (sbyte)from[192 + group]), ref Target(destination, block, group));
                }
            }
        }
    }

    /// <summary>IQ4_XS: d, 6 bytes with scales s of 6 bits, two codes to a byte: x = d (s - 32) table[q].</summary>
    public static void ConvertNonlinear(ReadOnlySpan<byte> source, Span<float> destination)
    {
        const int Bytes = 136;
        for (var block = 0; block * Elements < destination.Length; block++)
        {
            var from = source.Slice(block * Bytes, Bytes);
            var (d, high) = (Float16(from, 0), MemoryMarshal.Read<ushort>(from[2..]));
            for (var pair = 0; pair < Elements / (2 * Group); pair++)
            {
                var s = ((from[4 + pair / 2] >> (4 * (pair % 2))) & 0xF) | (((high >> (2 * pair)) & 3) << 4);
                var scale = Vector256.Create(d * (s - 32));
                var packed = Vector128.Create(from[(8 + Group * pair)..]);
                Store(LookUp(Nonlinear, LowHalves(packed)), scale, ref Target(destination, block, 2 * pair));
                Store(LookUp(Nonlinear, HighHalves(packed)), scale, ref Target(destination, block, 2 * pair + 1));
            }
        }
    }

    /// <summary>d s and -e m of 32 elements: the first four have 6 bits in bytes of their own, the others 4, and two in those of the first.</summary>
    private static (Vector256<float> Scale, Vector256<float> Constant) ScaleAndMinimum(ReadOnlySpan<byte> packed, int index, float d, float e)
    {
        var (s, m) = index < 4
            ? (packed[index] & 63, packed[index + 4] & 63)
            : ((packed[index + 4] & 0xF) | (packed[index - 4] >> 6 << 4), (packed[index + 4] >> 4) | (packed[index] >> 6 << 4));
        return (Vector256.Create(d * s), Vector256.Create(-(e * m)));
    }

    private static ref float Target(Span<float> destination, int block, int group) => ref destination.Slice(block * Elements + group * Group, Group)[0];

    private static float Float16(ReadOnlySpan<byte> from, int at) => (float)MemoryMarshal.Read<Half>(from[at..]);
}
