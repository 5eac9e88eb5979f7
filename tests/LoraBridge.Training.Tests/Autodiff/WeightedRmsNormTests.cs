using LoraBridge.Formats;
using LoraBridge.Training.Graphs;
using LoraBridge.Native;
using LoraBridge.Training.Autodiff.Ops;

namespace LoraBridge.Training.Tests.Autodiff;

public sealed class WeightedRmsNormTests
{
    private const float Epsilon = 1e-3f;

    private static readonly Shape Shape = new(37, 3, 2);

    private static readonly float[] Weights = [.. Enumerable.Range(0, 37).Select(i => 0.5f + i % 5 * 0.3f)];

    [Fact]
    public void GradientsMatchDifferences() =>
        new GradientProbe((g, x) => Norm(g, x[0], x[1]))
            .Vary(Shape)
            .Fix(GgmlType.F32, new Shape(37), Weights)
            .Check();

    /// <summary>As in a model, where x goes on past the layer: one gradient is added to the other.</summary>
    [Fact]
    public void GradientsOfBranchesAddUp() =>
        new GradientProbe((g, x) => g.Add(Norm(g, x[0], x[1]), g.Mul(x[0], x[0])))
            .Vary(Shape)
            .Fix(GgmlType.F32, new Shape(37), Weights)
            .Check();

    [Fact]
    public void EqualsTheOperationsItReplaces()
    {
        NativeRuntime.Initialize();
        var random = new Random(3);
        float[] values = [.. Enumerable.Range(0, (int)Shape.Count).Select(_ => random.NextSingle() - 0.5f)];
        GradientProbe.Argument[] arguments =
            [new(GgmlType.F32, Shape, values, true), new(GgmlType.F32, new Shape(37), Weights, false)];
        using var fused = new ProbeRun((g, x) => Norm(g, x[0], x[1]), arguments, threads: 2);
        using var plain = new ProbeRun((g, x) => g.Mul(g.Record(Ggml.ggml_rms_norm(g.Context, x[0], Epsilon)), x[1]), arguments, threads: 2);
        fused.Compute();
        plain.Compute();
        Assert.All(plain.Result.Zip(fused.Result), pair => Assert.Equal(pair.First, pair.Second, 1e-5));
        Assert.All(plain.Gradient(0).Zip(fused.Gradient(0)), pair => Assert.Equal(pair.First, pair.Second, 1e-5));
    }

    private static TensorPtr Norm(GraphBuilder g, TensorPtr x, TensorPtr weight) => g.Custom(new WeightedRmsNorm(Epsilon), x.Shape, x, weight);
}
