using LoraBridge.Native;
using LoraBridge.Training.Kernels;

namespace LoraBridge.Tests.Training.Kernels;

public sealed class DequantizerTests
{
    /// <summary>Any bytes are valid blocks, but for scales that are no numbers.</summary>
    [Theory]
    [InlineData(nameof(GgmlTensorType.Q4_0))]
    [InlineData(nameof(GgmlTensorType.Q6_K))]
    [InlineData(nameof(GgmlTensorType.F16))]
    [InlineData(nameof(GgmlTensorType.Q4_K))]
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
