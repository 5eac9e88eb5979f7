using LoraBridge.Formats;
using LoraBridge.Training.Graphs;
using LoraBridge.Native;
using LoraBridge.Training;
using LoraBridge.Training.Autodiff.Ops;

namespace LoraBridge.Training.Tests.Autodiff;

public sealed class EmbeddingNoiseTests
{
    private const int Width = 400;

    [Fact]
    public void GradientsMatchDifferences() =>
        new GradientProbe((g, x) => g.Custom(new EmbeddingNoise(Noise()), x[0].Shape, x[0])).Vary(new Shape(6, 5)).Check();

    /// <summary>Two sequences of 4 tokens and 1 in a row: the noise of the longer one is half as large.</summary>
    [Fact]
    public void Noise_is_uniform_and_as_large_as_the_sequence_is_short()
    {
        NativeRuntime.Initialize();
        using var run = new ProbeRun(
            (g, x) => g.Custom(new EmbeddingNoise(Noise()), x[0].Shape, x[0]),
            [new GradientProbe.Argument(GgmlType.F32, new Shape(Width, 5), new float[Width * 5], true)], threads: 1);
        run.Compute();

        for (var token = 0; token < 5; token++)
        {
            var size = 3 / Math.Sqrt((token < 4 ? 4 : 1) * Width);
            var values = run.Result.Skip(token * Width).Take(Width).Select(value => value / size).ToList();
            Assert.All(values, value => Assert.InRange(value, -1, 1));
            Assert.Equal(0, values.Average(), 0.15);
            Assert.Equal(1 / 3.0, values.Average(value => value * value), 0.05);
        }
        Assert.InRange(run.Result.Distinct().Count(), Width * 5 - 10, Width * 5);
    }

    private static RowNoise Noise()
    {
        var noise = new RowNoise(5, 0, 3);
        noise.Begin(0, 0, [0, 0, 0, 0, 1]);
        return noise;
    }
}
