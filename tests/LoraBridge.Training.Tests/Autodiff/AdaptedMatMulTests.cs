using LoraBridge.Formats;
using LoraBridge.Training.Graphs;
using LoraBridge.Native;
using LoraBridge.Training.Autodiff.Ops;
using LoraBridge.Training.Kernels.Cpu;

namespace LoraBridge.Training.Tests.Autodiff;

public sealed class AdaptedMatMulTests
{
    private const float Scale = 0.7f;

    public AdaptedMatMulTests() =>
        Assert.SkipUnless(FixedPointGemm.IsSupported, "This processor does not multiply integers as fixed-point products need it.");

    /// <summary>Ranks below, at and over groups of four; extents below, at and over vectors, tiles, and the 256 columns of a part.</summary>
    [Theory]
    [InlineData(1, 32, 5, 1)]
    [InlineData(4, 64, 37, 6)]
    [InlineData(7, 300, 270, 13)]
    [InlineData(16, 256, 600, 70)]
    public void GradientsMatchDifferences(int rank, int k, int m, int tokens)
    {
        new GradientProbe((g, x) => Adapted(g, new AdaptedMatMul(Scale), x)) { Epsilon = 0.25, Tolerance = 1e-2 }
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
        new GradientProbe((g, x) => Adapted(g, new AdaptedMatMul(Scale), x)) { Epsilon = 0.25, Tolerance = 1e-2 }
            .Fix(GgmlType.F32, new Shape(64, 300), Values(64 * 300, 1))
            .Fix(GgmlType.F32, new Shape(64, 9), Values(64 * 9, 2))
            .Vary(new Shape(64, 6))
            .Vary(new Shape(6, 300))
            .Check();
    }

    /// <summary>Result and gradients are those of the three operations that it replaces; a second branch of x adds its gradient to the first's.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void EqualsTheOperationsItReplaces(bool cached)
    {
        const int k = 320, m = 280, rank = 6, tokens = 11;
        NativeRuntime.Initialize();
        var shapes = new[] { new Shape(k, m), new Shape(k, tokens), new Shape(k, rank), new Shape(rank, m), new Shape(k, m) };
        GradientProbe.Argument[] arguments =
            [.. shapes.Select((shape, i) => new GradientProbe.Argument(GgmlType.F32, shape, Values((int)shape.Count, i), i is > 0 and < 4))];
        var cache = cached ? new PanelCache() : null;
        using var fused = Run((g, x) => Adapted(g, new AdaptedMatMul(Scale, cache), x));
        using var plain = Run((g, x) => g.Custom(
            new LowRankUpdate(Scale), new Shape(m, tokens), new FixedPointMatMul(cache).Emit(g, x[0], x[1]), x[3], Projection(g, x)));
        Close(plain.Result, fused.Result);
        for (var i = 1; i < 4; i++)
            Close(plain.Gradient(i), fused.Gradient(i));

        ProbeRun Run(Func<GraphBuilder, TensorPtr[], TensorPtr> branch)
        {
            var run = new ProbeRun(
                (g, x) => g.Mul(branch(g, x), new FixedPointMatMul(cache).Emit(g, x[4], x[1])), arguments, threads: 2);
            run.Compute();
            return run;
        }
    }

    private static void Close(float[] expected, float[] found)
    {
        var size = Math.Sqrt(expected.Average(e => (double)e * e));
        Assert.All(expected.Zip(found), pair => Assert.Equal(pair.First, pair.Second, 1e-5 * size));
    }

    private static TensorPtr Adapted(GraphBuilder g, AdaptedMatMul kernel, TensorPtr[] x) =>
        kernel.Emit(g, new FixedPointMatMul().Emit(g, x[0], x[1]), x[3], Projection(g, x));

    private static TensorPtr Projection(GraphBuilder g, TensorPtr[] x) =>
        g.Custom(LowRankProduct.Instance, new Shape(x[2].Ne(1), x[1].Ne(1)), x[2], x[1]);

    private static float[] Values(int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => random.NextSingle() - 0.5f)];
    }
}
