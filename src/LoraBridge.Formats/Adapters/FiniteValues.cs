using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace LoraBridge.Formats;

/// <summary>
/// Looks for values that are not numbers: a single one in an adapter makes every answer nonsense. Of quantised blocks, whose values are
/// always finite multiples of their scales, the scales are looked at.
/// </summary>
internal static class FiniteValues
{
    private const int ChunkBytes = 1 << 20;

    /// <summary>What is wrong with the values of a tensor, or null.</summary>
    internal static string? DescribeFault(GgufFile file, GgufTensorInfo tensor)
    {
        var step = Math.Max(ChunkBytes / tensor.Type.TypeSize(), 1) * tensor.Type.TypeSize();
        var buffer = new byte[Math.Min(step, tensor.ByteLength)];
        for (var offset = 0L; offset < tensor.ByteLength; offset += step)
        {
            var bytes = buffer.AsSpan(0, (int)Math.Min(step, tensor.ByteLength - offset));
            file.Read(tensor, bytes, offset);
            if (FirstBad(bytes, tensor.Type) is >= 0 and var index)
                return $"tensor '{tensor.Name}' holds a value that is not a finite number, in block {offset / tensor.Type.TypeSize() + index}";
        }
        return null;
    }

    /// <summary>The first value that is not finite, or -1.</summary>
    internal static int FirstBad(ReadOnlySpan<float> values)
    {
        for (var i = 0; i < values.Length; i++)
        {
            if (!float.IsFinite(values[i]))
                return i;
        }
        return -1;
    }

    private static int FirstBad(ReadOnlySpan<byte> bytes, GgmlType type)
    {
        switch (type)
        {
            case GgmlType.F32:
                return FirstBad(MemoryMarshal.Cast<byte, float>(bytes));
            case GgmlType.BF16:
                return FirstBadHalf(bytes, exponent: 0x7F80);
            case GgmlType.F16:
                return FirstBadHalf(bytes, exponent: 0x7C00);
        }
        var (size, scales) = (type.TypeSize(), ScalesOf(type));
        for (var block = 0; block < bytes.Length / size; block++)
        {
            foreach (var offset in scales)
            {
                if (!Half.IsFinite(BinaryPrimitives.ReadHalfLittleEndian(bytes[(block * size + offset)..])))
                    return block;
            }
        }
        return -1;
    }

    /// <summary>A 16-bit value whose exponent is all ones is no number, or infinite.</summary>
    private static int FirstBadHalf(ReadOnlySpan<byte> bytes, int exponent)
    {
        var values = MemoryMarshal.Cast<byte, ushort>(bytes);
        for (var i = 0; i < values.Length; i++)
        {
            if ((values[i] & exponent) == exponent)
                return i;
        }
        return -1;
    }

    /// <summary>Where in a block the scales in F16 are.</summary>
    private static int[] ScalesOf(GgmlType type) => type switch
    {
        GgmlType.Q4_0 or GgmlType.Q5_0 or GgmlType.Q8_0 or GgmlType.IQ4_NL or GgmlType.IQ4_XS or GgmlType.IQ2_XXS or GgmlType.IQ2_XS or GgmlType.IQ2_S
            or GgmlType.IQ3_XXS or GgmlType.IQ3_S or GgmlType.IQ1_S or GgmlType.Q1_0 or GgmlType.Q2_0 => [0],
        GgmlType.Q4_1 or GgmlType.Q5_1 or GgmlType.Q4_K or GgmlType.Q5_K => [0, 2],
        GgmlType.Q2_K => [80, 82],
        GgmlType.Q3_K => [108],
        GgmlType.Q6_K => [208],
        GgmlType.TQ1_0 => [52],
        GgmlType.TQ2_0 => [64],
        _ => [],
    };
}
