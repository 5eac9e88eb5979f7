using LoraBridge.Formats;
using LoraBridge.Finetuning;
using LoraBridge.Training.Graphs;
using LoraBridge.Native;
using LoraBridge.Training.Autodiff.Ops;
using LoraBridge.Training.Kernels.Cpu;

namespace LoraBridge.Training.Tests.Autodiff;

public sealed class LinearAdapterTests
{
    private const float Scale = 0.7f;

    private static readonly LinearPrecision Balanced = LinearPrecision.Of(TrainingPrecision.Balanced);

    public LinearAdapterTests() =>
        Assert.SkipUnless(IntegerFormat.IsSupported, "This processor does not multiply integers as fixed-point products need it.");

    /// <summary>Ranks below, at and over groups of four; extents below, at and over vectors, tiles, and the 256 columns of a part.</summary>
    [Theory]
    [InlineData(1, 32, 5, 1)]
    [InlineData(4, 64, 37, 6)]
    [InlineData(7, 300, 270, 13)]
    [InlineData(16, 256, 600, 70)]
    public void GradientsMatchDifferences(int rank, int k, int m, int tokens)
    {
        new GradientProbe((g, x) => Adapted(g, Balanced, x)) { Epsilon = 0.25, Tolerance = 1e-2 }
            .Fix(GgmlType.F32, new Shape(k, m), Values(k * m, k))
            .Vary(new Shape(k, tokens))
            .Vary(new Shape(k, rank))
            .Vary(new Shape(rank, m))
            .Check();
    }

    /// <summary>The first layer's x is not trained, but its adapter is.</summary>
    [Fact]
    public void GradientsOfFactorsMatchDifferencesWhereTheInputIsFixed()
    {
        new GradientProbe((g, x) => Adapted(g, Balanced, x)) { Epsilon = 0.25, Tolerance = 1e-2 }
            .Fix(GgmlType.F32, new Shape(64, 300), Values(64 * 300, 1))
            .Fix(GgmlType.F32, new Shape(64, 9), Values(64 * 9, 2))
            .Vary(new Shape(64, 6))
            .Vary(new Shape(6, 300))
            .Check();
    }

    /// <summary>Result and gradients are those of ggml's four operations; a second branch of x adds its gradient to the first's.</summary>
    [Theory]
    [InlineData(320, 280, false, false)]
    [InlineData(320, 280, true, false)]
    [InlineData(320, 280, false, true)]
    // So long that sums are added up in two goes, forward, and back.
    [InlineData(4400, 40, false, false)]
    [InlineData(40, 4400, false, false)]
    public void EqualsTheOperationsItReplaces(int k, int m, bool cached, bool isSeparate)
    {
        const int rank = 6, tokens = 11;
        NativeRuntime.Initialize();
        var shapes = new[] { new Shape(k, m), new Shape(k, tokens), new Shape(k, rank), new Shape(rank, m), new Shape(k, m) };
        GradientProbe.Argument[] arguments =
            [.. shapes.Select((shape, i) => new GradientProbe.Argument(GgmlType.F32, shape, Values((int)shape.Count, i), i is > 0 and < 4))];
        var precision = Balanced with { Cache = cached ? new PanelCache() : null };
        using var fused = Run((g, x) => Linear.Adapt(
            g, Linear.Emit(g, precision, x[0], x[1]), owns: !isSeparate, x[3], Linear.Project(g, x[2], x[1]), Scale));
        using var plain = Run((g, x) => g.Add(Linear.Emit(g, precision, x[0], x[1]), g.Scale(g.MulMat(x[3], g.MulMat(x[2], x[1])), Scale)));
        Close(plain.Result, fused.Result);
        for (var i = 1; i < 4; i++)
            Close(plain.Gradient(i), fused.Gradient(i));

        ProbeRun Run(Func<GraphBuilder, TensorPtr[], TensorPtr> branch)
        {
            var run = new ProbeRun(
                (g, x) => g.Mul(branch(g, x), Linear.Emit(g, precision, x[4], x[1])), arguments, threads: 2);
            run.Compute();
            return run;
        }
    }

    /// <summary>An adapter on a sum so far, whatever that is. Ranks and widths below, at and over vectors (8), groups of four, and blocks (512).</summary>
    [Theory]
    [InlineData(1, 5, 1)]
    [InlineData(4, 64, 3)]
    [InlineData(7, 130, 6)]
    [InlineData(8, 1100, 70)]
    [InlineData(33, 40, 9)]
    public void GradientsOfAnAdapterAloneMatchDifferences(int rank, int width, int tokens)
    {
        new GradientProbe((g, x) => Linear.Adapt(g, x[0], owns: true, x[1], Linear.Project(g, x[2], x[3]), 0.7f))
            .Vary(new Shape(width, tokens))
            .Vary(new Shape(rank, width))
            .Vary(new Shape(width, rank))
            .Vary(new Shape(width, tokens))
            .Check();
    }

    /// <summary>Two adapters on one product, the second of which has an input of its own, as dropout gives it.</summary>
    [Fact]
    public void GradientsOfAdaptersAddUp()
    {
        new GradientProbe((g, x) => Linear.Adapt(
                g, Adapted(g, Balanced, x[..4]), owns: true, x[5], Linear.Project(g, x[4], x[6]), 0.4f)) { Epsilon = 0.25, Tolerance = 1e-2 }
            .Fix(GgmlType.F32, new Shape(64, 40), Values(64 * 40, 3))
            .Vary(new Shape(64, 5))
            .Vary(new Shape(64, 4))
            .Vary(new Shape(4, 40))
            .Vary(new Shape(64, 3))
            .Vary(new Shape(3, 40))
            .Vary(new Shape(64, 5))
            .Check();
    }

    /// <summary>Each row of a step adds to the gradients of those before it: rows that are summed at once, and in several parts.</summary>
    [Theory]
    [InlineData(30)]
    [InlineData(300)]
    public void GradientsOfRowsAddUp(int tokens)
    {
        NativeRuntime.Initialize();
        var shapes = new[] { new Shape(64, 40), new Shape(64, tokens), new Shape(64, 4), new Shape(4, 40) };
        GradientProbe.Argument[] arguments = [.. shapes.Select((shape, i) => new GradientProbe.Argument(GgmlType.F32, shape, Values((int)shape.Count, i), i >= 2))];
        using var run = new ProbeRun((g, x) => Adapted(g, Balanced, x), arguments, threads: 2);
        run.Compute();
        float[][] once = [run.Gradient(2), run.Gradient(3)];
        run.Graph.Compute();
        run.Graph.Compute();
        for (var i = 0; i < once.Length; i++)
            Close([.. once[i].Select(x => 3 * x)], run.Gradient(2 + i));
    }

    private static void Close(float[] expected, float[] found)
    {
        var size = Math.Sqrt(expected.Average(e => (double)e * e));
        Assert.All(expected.Zip(found), pair => Assert.Equal(pair.First, pair.Second, 1e-5 * size));
    }

    private static TensorPtr Adapted(GraphBuilder g, LinearPrecision precision, TensorPtr[] x) =>
        Linear.Adapt(g, Linear.Emit(g, precision, x[0], x[1]), owns: true, x[3], Linear.Project(g, x[2], x[1]), Scale);

    private static float[] Values(int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => random.NextSingle() - 0.5f)];
    }
}
