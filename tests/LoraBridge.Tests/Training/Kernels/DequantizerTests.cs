using LoraBridge.Native;
using LoraBridge.Training.Kernels;

namespace LoraBridge.Tests.Training.Kernels;

public sealed class DequantizerTests
{
    [Theory]
    [InlineData(nameof(GgmlTensorType.F16))]
    [InlineData(nameof(GgmlTensorType.Q4_0))]
    [InlineData(nameof(GgmlTensorType.Q4_1))]
    [InlineData(nameof(GgmlTensorType.Q5_0))]
    [InlineData(nameof(GgmlTensorType.Q5_1))]
    [InlineData(nameof(GgmlTensorType.IQ4_NL))]
    [InlineData(nameof(GgmlTensorType.MXFP4))]
    [InlineData(nameof(GgmlTensorType.Q2_K))]
    [InlineData(nameof(GgmlTensorType.Q3_K))]
    [InlineData(nameof(GgmlTensorType.Q4_K))]
    [InlineData(nameof(GgmlTensorType.Q5_K))]
    [InlineData(nameof(GgmlTensorType.Q6_K))]
    [InlineData(nameof(GgmlTensorType.IQ4_XS))]
    [InlineData(nameof(GgmlTensorType.Q8_0))]
    public void Equals_the_conversion_of_ggml_bit_for_bit(string name)
    {
        NativeRuntime.Initialize();
        var type = Enum.Parse<GgmlTensorType>(name);
        const int elements = 2048;
        var random = new Random(6);
        float[] weights = [.. Enumerable.Range(0, elements).Select(_ => (random.NextSingle() - 0.5f) * MathF.Exp(4 * random.NextSingle()))];
        var bytes = new byte[GgmlTypeTraits.RowSize(type, elements)];
        GgmlQuantizer.Quantize(type, weights, bytes, elements);

        var (expected, found) = (new float[elements], new float[elements]);
        GgmlTypeTraits.Dequantize(type, bytes, expected);
        Dequantizer.Convert(type, bytes, found);
        Assert.Equal(expected, found);
        Assert.Contains(found, value => value != 0);
    }
}
