using LoraBridge.Training.Graphs;
using LoraBridge.Native;

namespace LoraBridge.Training.Tests.Autodiff;

public sealed class GluTests
{
    /// <summary>ggml computes GELU from a table of half precision: its differences are coarse.</summary>
    [Theory]
    [InlineData(nameof(GgmlGluOp.Reglu), 1e-3)]
    [InlineData(nameof(GgmlGluOp.Geglu), 5e-2)]
    [InlineData(nameof(GgmlGluOp.GegluErf), 1e-3)]
    [InlineData(nameof(GgmlGluOp.GegluQuick), 5e-2)]
    [InlineData(nameof(GgmlGluOp.Swiglu), 1e-3)]
    public void GradientsMatchDifferences(string function, double tolerance)
    {
        new GradientProbe((g, x) => g.Record(Ggml.ggml_glu_split(g.Context, x[0], x[1], Enum.Parse<GgmlGluOp>(function)))) { Tolerance = tolerance, Epsilon = 4e-2 }
            .Vary(new Shape(7, 3, 2), i => i % 7 * 0.31f - 0.77f)
            .Vary(new Shape(7, 3, 2))
            .Check();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void GradientsMatchForTheHalvesOfARow(bool swapped)
    {
        new GradientProbe((g, x) => g.Record(Ggml.ggml_glu(g.Context, x[0], GgmlGluOp.Swiglu, swapped)))
            .Vary(new Shape(14, 3))
            .Check();
    }

    [Fact]
    public void GradientsMatchWithLimits()
    {
        Assert.SkipUnless(LlamaBuild.Loaded == LlamaBuild.V050, "The older build has no limits.");
        new GradientProbe((g, x) => g.Record(Ggml.ggml_swiglu_oai(g.Context, x[0], x[1], 1.7f, 0.6f)))
            .Vary(new Shape(7, 3), i => i % 7 * 0.31f - 0.77f)
            .Vary(new Shape(7, 3), i => i % 5 * 0.43f - 0.87f)
            .Check();
        new GradientProbe((g, x) => g.Record(Ggml.ggml_swiglu_clamp(g.Context, x[0], x[1], 0.7f)))
            .Vary(new Shape(7, 3), i => i % 7 * 0.31f - 0.77f)
            .Vary(new Shape(7, 3), i => i % 5 * 0.43f - 0.87f)
            .Check();
    }
}
