using System.Numerics;
using System.Runtime.InteropServices;

namespace LoraBridge.Formats;

/// <summary>
/// Conversions between 32-bit floats and the two 16-bit formats, F16 (IEEE half) and BF16 (the upper half of a float).
/// Narrowing rounds to nearest, ties to even, as ggml does; NaN stays NaN. The 16-bit side is bytes, little-endian.
/// </summary>
public static class HalfPrecision
{
    private const float TwoToThe112 = 5192296858534827628530496329220096f;

    /// <summary>Widens F16 values.</summary>
    /// <exception cref="ArgumentException">The spans do not hold the same number of values.</exception>
    public static void Float16ToFloat32(ReadOnlySpan<byte> source, Span<float> destination)
    {
        var halves = Values(source, destination.Length);
        var bits = MemoryMarshal.Cast<float, uint>(destination);
        var i = 0;
        for (; i <= halves.Length - Vector<ushort>.Count; i += Vector<ushort>.Count)
        {
            Vector.Widen(new Vector<ushort>(halves[i..]), out var low, out var high);
            WidenFloat16(low).CopyTo(bits[i..]);
            WidenFloat16(high).CopyTo(bits[(i + Vector<uint>.Count)..]);
        }

        for (; i < halves.Length; i++)
            destination[i] = (float)BitConverter.UInt16BitsToHalf(halves[i]);
    }

    /// <summary>Narrows to F16; magnitudes from 65520 become infinite.</summary>
    /// <exception cref="ArgumentException">The spans do not hold the same number of values.</exception>
    public static void Float32ToFloat16(ReadOnlySpan<float> source, Span<byte> destination)
    {
        var halves = Values(destination, source.Length);
        var bits = MemoryMarshal.Cast<float, uint>(source);
        var i = 0;
        for (; i <= halves.Length - Vector<ushort>.Count; i += Vector<ushort>.Count)
        {
            var low = NarrowFloat16(new Vector<uint>(bits[i..]));
            var high = NarrowFloat16(new Vector<uint>(bits[(i + Vector<uint>.Count)..]));
            Vector.Narrow(low, high).CopyTo(halves[i..]);
        }

        for (; i < halves.Length; i++)
            halves[i] = BitConverter.HalfToUInt16Bits((Half)source[i]);
    }

    /// <summary>Widens BF16 values, exactly.</summary>
    /// <exception cref="ArgumentException">The spans do not hold the same number of values.</exception>
    public static void BFloat16ToFloat32(ReadOnlySpan<byte> source, Span<float> destination)
    {
        var halves = Values(source, destination.Length);
        var bits = MemoryMarshal.Cast<float, uint>(destination);
        var i = 0;
        for (; i <= halves.Length - Vector<ushort>.Count; i += Vector<ushort>.Count)
        {
            Vector.Widen(new Vector<ushort>(halves[i..]), out var low, out var high);
            (low << 16).CopyTo(bits[i..]);
            (high << 16).CopyTo(bits[(i + Vector<uint>.Count)..]);
        }

        for (; i < halves.Length; i++)
            bits[i] = (uint)halves[i] << 16;
    }

    /// <summary>Narrows to BF16.</summary>
    /// <exception cref="ArgumentException">The spans do not hold the same number of values.</exception>
    public static void Float32ToBFloat16(ReadOnlySpan<float> source, Span<byte> destination)
    {
        var halves = Values(destination, source.Length);
        var bits = MemoryMarshal.Cast<float, uint>(source);
        var i = 0;
        for (; i <= halves.Length - Vector<ushort>.Count; i += Vector<ushort>.Count)
        {
            var low = NarrowBFloat16(new Vector<uint>(bits[i..]));
            var high = NarrowBFloat16(new Vector<uint>(bits[(i + Vector<uint>.Count)..]));
            Vector.Narrow(low, high).CopyTo(halves[i..]);
        }

        for (; i < halves.Length; i++)
            halves[i] = (ushort)NarrowBFloat16(new Vector<uint>(bits[i]))[0];
    }

    // Shifting a half into a float's fields leaves the exponent 112 too small; a multiplication corrects it and normalises
    // subnormal halves on the way. Infinities and NaN come out as large numbers and get a full exponent.
    private static Vector<uint> WidenFloat16(Vector<uint> half)
    {
        var magnitude = half & new Vector<uint>(0x7fff);
        var sign = (half ^ magnitude) << 16;
        var scaled = Vector.AsVectorUInt32(Vector.AsVectorSingle(magnitude << 13) * new Vector<float>(TwoToThe112));
        var special = Vector.GreaterThan(magnitude, new Vector<uint>(0x7bff)) & new Vector<uint>(0x7f800000);
        return scaled | special | sign;
    }

    private static Vector<uint> NarrowFloat16(Vector<uint> bits)
    {
        var magnitude = bits & new Vector<uint>(0x7fffffff);
        var sign = (bits ^ magnitude) >> 16;

        // Normal: rebias the exponent by -112, round half to even on the 13 bits that go. A carry into the exponent is right.
        var odd = (magnitude >> 13) & Vector<uint>.One;
        var normal = (magnitude - new Vector<uint>(112u << 23) + new Vector<uint>(0xfff) + odd) >> 13;

        // Subnormal: adding 0.5 aligns the last bit of a half with that of the sum, so that the addition rounds.
        var half = new Vector<float>(0.5f);
        var subnormal = Vector.AsVectorUInt32(Vector.AsVectorSingle(magnitude) + half) - Vector.AsVectorUInt32(half);

        var isNan = Vector.GreaterThan(magnitude, new Vector<uint>(0x7f800000));
        var special = Vector.ConditionalSelect(isNan, new Vector<uint>(0x7e00), new Vector<uint>(0x7c00));
        var result = Vector.ConditionalSelect(Vector.LessThan(magnitude, new Vector<uint>(113u << 23)), subnormal, normal);
        result = Vector.ConditionalSelect(Vector.GreaterThan(magnitude, new Vector<uint>((143u << 23) - 1)), special, result);
        return result | sign;
    }

    // A NaN whose payload is cut off must not become infinite.
    private static Vector<uint> NarrowBFloat16(Vector<uint> bits)
    {
        var upper = bits >> 16;
        var rounded = (bits + new Vector<uint>(0x7fff) + (upper & Vector<uint>.One)) >> 16;
        var isNan = Vector.GreaterThan(bits & new Vector<uint>(0x7fffffff), new Vector<uint>(0x7f800000));
        return Vector.ConditionalSelect(isNan, upper | new Vector<uint>(0x40), rounded);
    }

    private static ReadOnlySpan<ushort> Values(ReadOnlySpan<byte> bytes, int count)
    {
        CheckLength(bytes.Length, count);
        return MemoryMarshal.Cast<byte, ushort>(bytes);
    }

    private static Span<ushort> Values(Span<byte> bytes, int count)
    {
        CheckLength(bytes.Length, count);
        return MemoryMarshal.Cast<byte, ushort>(bytes);
    }

    private static void CheckLength(int bytes, int count)
    {
        if (bytes != (long)count * sizeof(ushort))
            throw new ArgumentException($"{count} values of 16 bits take {(long)count * sizeof(ushort)} bytes, found {bytes}.");
    }
}
