using LoraBridge.Formats;
using LoraBridge.Training.Graphs;
using LoraBridge.Native;

namespace LoraBridge.Training.Tests.Autodiff;

public sealed class MatMulTests
{
    /// <summary>Sizes below, at and over the edges of the tiles (6 by 32) and panels (128 by 512), with groups of heads.</summary>
    [Theory]
    [InlineData(3, 2, 1, 1, 1)]
    [InlineData(33, 7, 6, 1, 1)]
    [InlineData(64, 12, 5, 2, 4)]
    [InlineData(31, 130, 7, 1, 3)]
    [InlineData(515, 5, 13, 1, 1)]
    public void GradientsMatchDifferences(int k, int m, int n, int left, int right)
    {
        new GradientProbe((g, x) => g.MulMat(x[0], x[1]))
            .Vary(new Shape(k, m, left))
            .Vary(new Shape(k, n, right))
            .Check();
    }

    /// <summary>Attention's keys and values: views of a larger tensor whose heads lie between each other.</summary>
    [Fact]
    public void GradientsMatchForPermutedArguments()
    {
        new GradientProbe((g, x) => g.MulMat(g.Permute(x[0], 0, 2, 1, 3), g.Permute(x[1], 0, 2, 1, 3)))
            .Vary(new Shape(8, 2, 5))
            .Vary(new Shape(8, 4, 3))
            .Check();
    }

    /// <summary>dx through a quantised weight is dx through the numbers it stands for.</summary>
    [Theory]
    [InlineData(nameof(GgmlType.Q4_0))]
    [InlineData(nameof(GgmlType.Q8_0))]
    [InlineData(nameof(GgmlType.Q4_K))]
    [InlineData(nameof(GgmlType.Q6_K))]
    [InlineData(nameof(GgmlType.F16))]
    [InlineData(nameof(GgmlType.BF16))]
    public void GradientOfAQuantisedProductIsThatOfItsNumbers(string name)
    {
        var type = Enum.Parse<GgmlType>(name);
        const int k = 768, m = 37;
        NativeRuntime.Initialize();
        var random = new Random(3);
        float[] weight = [.. Enumerable.Range(0, k * m).Select(_ => random.NextSingle() - 0.5f)];
        var quantised = new byte[GgmlTypeTraits.RowSize(type, k) * m];
        GgmlQuantizer.Quantize(type, weight, quantised, k);
        GgmlTypeTraits.Dequantize(type, quantised, weight);
        float[] input = [.. Enumerable.Range(0, k * 5).Select(_ => random.NextSingle() - 0.5f)];

        var expected = Gradient(GgmlType.F32, weight, 1);
        var actual = Gradient(type, quantised, 1);
        Assert.Equal(expected, actual);
        Assert.Equal(actual, Gradient(type, quantised, 2));

        float[] Gradient(GgmlType stored, Array values, int threads)
        {
            GradientProbe.Argument[] arguments = [new(stored, new Shape(k, m), values, false), new(GgmlType.F32, new Shape(k, 5), input, true)];
            using var run = new ProbeRun((g, x) => g.MulMat(x[0], x[1]), arguments, threads);
            run.Compute();
            return run.Gradient(1);
        }
    }
}
