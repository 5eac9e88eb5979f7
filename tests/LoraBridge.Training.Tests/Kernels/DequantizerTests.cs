using LoraBridge.Formats;
using LoraBridge.Native;
using LoraBridge.Training.Kernels.Cpu;

namespace LoraBridge.Training.Tests.Kernels;

public sealed class DequantizerTests
{
    /// <summary>Of random bytes: every code, sign and scale that a block can have, infinite ones and what is no number among them.</summary>
    [Theory]
    [InlineData(nameof(GgmlType.F16))]
    [InlineData(nameof(GgmlType.Q4_0))]
    [InlineData(nameof(GgmlType.Q4_1))]
    [InlineData(nameof(GgmlType.Q5_0))]
    [InlineData(nameof(GgmlType.Q5_1))]
    [InlineData(nameof(GgmlType.IQ4_NL))]
    [InlineData(nameof(GgmlType.MXFP4))]
    [InlineData(nameof(GgmlType.Q2_K))]
    [InlineData(nameof(GgmlType.Q3_K))]
    [InlineData(nameof(GgmlType.Q4_K))]
    [InlineData(nameof(GgmlType.Q5_K))]
    [InlineData(nameof(GgmlType.Q6_K))]
    [InlineData(nameof(GgmlType.IQ4_XS))]
    [InlineData(nameof(GgmlType.Q8_0))]
    [InlineData(nameof(GgmlType.Q1_0))]
    [InlineData(nameof(GgmlType.Q2_0))]
    [InlineData(nameof(GgmlType.TQ1_0))]
    [InlineData(nameof(GgmlType.TQ2_0))]
    [InlineData(nameof(GgmlType.NVFP4))]
    [InlineData(nameof(GgmlType.IQ2_XXS))]
    [InlineData(nameof(GgmlType.IQ2_XS))]
    [InlineData(nameof(GgmlType.IQ2_S))]
    [InlineData(nameof(GgmlType.IQ3_XXS))]
    [InlineData(nameof(GgmlType.IQ3_S))]
    [InlineData(nameof(GgmlType.IQ1_S))]
    [InlineData(nameof(GgmlType.IQ1_M))]
    public void Equals_the_conversion_of_ggml_bit_for_bit(string name)
    {
        NativeRuntime.Initialize();
        var type = Enum.Parse<GgmlType>(name);
        const int elements = 1 << 20;
        var bytes = new byte[GgmlTypeTraits.RowSize(type, elements)];
        new Random(6).NextBytes(bytes);

        var (expected, found) = (new float[elements], new float[elements]);
        GgmlTypeTraits.Dequantize(type, bytes, expected);
        Dequantizer.Convert(type, bytes, found);
        for (var i = 0; i < elements; i++)
            if (Bits(expected[i]) != Bits(found[i]))
                Assert.Fail($"Element {i} is {found[i]:R}, expected {expected[i]:R}.");
        Assert.Contains(found, float.IsNormal);
    }

    // What is no number may be that in many ways.
    private static int Bits(float value) => BitConverter.SingleToInt32Bits(float.IsNaN(value) ? float.NaN : value);
}
