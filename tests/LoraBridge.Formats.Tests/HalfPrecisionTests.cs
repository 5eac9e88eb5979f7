using System.Runtime.InteropServices;
using CsCheck;

namespace LoraBridge.Formats.Tests;

public sealed class HalfPrecisionTests
{
    private static readonly ushort[] AllBits = [.. Enumerable.Range(0, 1 << 16).Select(i => (ushort)i)];

    [Fact]
    public void Every_f16_widens_as_the_runtime_does_and_comes_back()
    {
        var floats = new float[AllBits.Length];
        HalfPrecision.Float16ToFloat32(MemoryMarshal.AsBytes(AllBits.AsSpan()), floats);
        Assert.Equal(AllBits.Select(bits => (float)BitConverter.UInt16BitsToHalf(bits)), floats);

        var back = new byte[2 * AllBits.Length];
        HalfPrecision.Float32ToFloat16(floats, back);
        Assert.Equal(AllBits.Select(BitConverter.UInt16BitsToHalf), MemoryMarshal.Cast<byte, Half>(back).ToArray());
    }

    [Fact]
    public void Every_bf16_comes_back()
    {
        var floats = new float[AllBits.Length];
        HalfPrecision.BFloat16ToFloat32(MemoryMarshal.AsBytes(AllBits.AsSpan()), floats);
        Assert.Equal(1f, floats[0x3f80]);
        var back = new byte[2 * AllBits.Length];
        HalfPrecision.Float32ToBFloat16(floats, back);
        var bits = MemoryMarshal.Cast<byte, ushort>(back);
        for (var i = 0; i < bits.Length; i++)
            Assert.Equal(float.IsNaN(floats[i]) ? i | 0x40 : i, bits[i]);
    }

    [Fact]
    public void Any_float_rounds_to_the_nearest_f16_in_vectors_as_alone() =>
        Gen.UInt.Select(BitConverter.UInt32BitsToSingle).Array[1, 40].Sample(
            floats =>
            {
                var bytes = new byte[2 * floats.Length];
                HalfPrecision.Float32ToFloat16(floats, bytes);
                Assert.Equal(floats.Select(value => (Half)value), MemoryMarshal.Cast<byte, Half>(bytes).ToArray());
            },
            iter: 5_000);

    [Fact]
    public void Any_float_rounds_to_the_nearest_bf16_in_vectors_as_alone() =>
        Gen.UInt.Select(BitConverter.UInt32BitsToSingle).Array[1, 40].Sample(
            floats =>
            {
                var bytes = new byte[2 * floats.Length];
                HalfPrecision.Float32ToBFloat16(floats, bytes);
                var back = new float[floats.Length];
                HalfPrecision.BFloat16ToFloat32(bytes, back);
                foreach (var (value, rounded) in floats.Zip(back))
                {
                    Assert.Equal(float.IsNaN(value), float.IsNaN(rounded));
                    if (!float.IsFinite(rounded))
                        continue;
                    var spacing = Math.ScaleB(1, Math.Max(-126, MathF.ILogB(value)) - 7);
                    Assert.InRange(Math.Abs((double)value - rounded), 0, spacing / 2);
                }
            },
            iter: 5_000);

    [Fact]
    public void Ties_round_to_even()
    {
        float[] floats = [.. Enumerable.Repeat(0f, 32)];
        floats[0] = 1f + PowerOfTwo(-11);
        floats[1] = 1f + (3 * PowerOfTwo(-11));
        floats[2] = 65519.996f;
        floats[3] = 65520f;
        floats[4] = PowerOfTwo(-25);
        floats[5] = 3 * PowerOfTwo(-25);
        var bytes = new byte[64];
        HalfPrecision.Float32ToFloat16(floats, bytes);
        Assert.Equal(
            [0x3c00, 0x3c02, 0x7bff, 0x7c00, 0, 2],
            MemoryMarshal.Cast<byte, ushort>(bytes)[..6].ToArray().Select(bits => (int)bits));

        HalfPrecision.Float32ToBFloat16([1f + PowerOfTwo(-8), 1f + (3 * PowerOfTwo(-8)), float.MaxValue], bytes.AsSpan(0, 6));
        Assert.Equal([0x3f80, 0x3f82, 0x7f80], MemoryMarshal.Cast<byte, ushort>(bytes)[..3].ToArray().Select(bits => (int)bits));
    }

    [Fact]
    public void Lengths_must_fit() =>
        Assert.Throws<ArgumentException>(() => HalfPrecision.Float16ToFloat32(new byte[3], new float[2]));

    private static float PowerOfTwo(int exponent) => MathF.ScaleB(1f, exponent);
}
