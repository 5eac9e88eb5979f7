using LoraBridge.Formats;
using LoraBridge.Training.Graphs;
using LoraBridge.Native;
using LoraBridge.Training;
using LoraBridge.Training.Autodiff.Ops;

namespace LoraBridge.Training.Tests.Autodiff;

public sealed class DropoutTests
{
    private const int Width = 1001, Rows = 90;

    [Theory]
    [InlineData(0.25f, 3, 5)]
    [InlineData(0.5f, 64, 7)]
    public void GradientsMatchDifferences(float probability, int width, int rows) =>
        new GradientProbe((g, x) => g.Custom(new Dropout(Noise(probability), 3), x[0].Shape, x[0])).Vary(new Shape(width, rows)).Check();

    [Theory]
    [InlineData(0.1f)]
    [InlineData(0.7f)]
    public void The_share_asked_for_is_dropped_and_the_mean_is_kept(float probability)
    {
        var result = Ones(Noise(probability), stream: 0);
        Assert.Equal(probability, result.Count(value => value == 0) / (double)result.Length, 0.01);
        Assert.All(result.Where(value => value != 0), value => Assert.Equal(1 / (1 - probability), value, 1e-3f));
        Assert.Equal(1, result.Average(), 0.02);
    }

    [Fact]
    public void Rows_updates_seeds_and_places_have_choices_of_their_own_and_threads_have_not()
    {
        float[] expected = Ones(Noise(0.5f), stream: 1);
        Assert.Equal(expected, Ones(Noise(0.5f), stream: 1, threads: 2));
        float[][] others =
        [
            Ones(Noise(0.5f), stream: 2), Ones(Noise(0.5f, seed: 1), stream: 1), Ones(Noise(0.5f, step: 1), stream: 1),
            Ones(Noise(0.5f, row: 1), stream: 1), [.. expected[Width..], .. expected[..Width]],
        ];
        // Independent choices agree in half of all places.
        Assert.All(others, other => Assert.Equal(0.5, expected.Zip(other).Count(pair => pair.First == pair.Second) / (double)expected.Length, 0.02));
    }

    private static RowNoise Noise(float probability, ulong seed = 0, int step = 0, int row = 0)
    {
        var noise = new RowNoise(seed, probability, 0);
        noise.Begin(step, row, [0]);
        return noise;
    }

    private static float[] Ones(RowNoise noise, ulong stream, int threads = 1)
    {
        NativeRuntime.Initialize();
        var ones = new float[Width * Rows];
        Array.Fill(ones, 1);
        using var run = new ProbeRun(
            (g, x) => g.Custom(new Dropout(noise, stream), x[0].Shape, x[0]),
            [new GradientProbe.Argument(GgmlType.F32, new Shape(Width, Rows), ones, true)], threads);
        run.Compute();
        return run.Result;
    }
}
