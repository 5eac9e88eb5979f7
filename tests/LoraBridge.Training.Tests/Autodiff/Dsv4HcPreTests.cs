using LoraBridge.Training.Graphs;
using LoraBridge.Native;

namespace LoraBridge.Training.Tests.Autodiff;

public sealed class Dsv4HcPreTests
{
    [Fact]
    public void GradientsMatchDifferences()
    {
        new GradientProbe((g, x) => g.Record(Ggml.ggml_dsv4_hc_pre(g.Context, x[0], x[1])))
            .Vary(new Shape(5, 4, 3))
            .Vary(new Shape(4, 3))
            .Check();
    }

    [Fact]
    public void GradientsMatchForGates()
    {
        Assert.SkipUnless(LlamaBuild.Loaded == LlamaBuild.V050, "The older build has no gates.");
        new GradientProbe((g, x) => g.Record(Ggml.ggml_dsv4_hc_pre_gated(g.Context, x[0], x[1], 0.3f)))
            .Vary(new Shape(5, 4, 3))
            .Vary(new Shape(5, 4, 3))
            .Check();
    }
}
