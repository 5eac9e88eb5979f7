using LoraBridge.Training.Graphs;
using LoraBridge.Native;

namespace LoraBridge.Training.Tests.Autodiff;

public sealed class Dsv4HcPostTests
{
    [Fact]
    public void GradientsMatchDifferences()
    {
        new GradientProbe((g, x) => g.Record(Ggml.ggml_dsv4_hc_post(g.Context, x[0], x[1], x[2], x[3])))
            .Vary(new Shape(5, 3))
            .Vary(new Shape(5, 4, 3))
            .Vary(new Shape(4, 3))
            .Vary(new Shape(4, 4, 3))
            .Check();
    }

    [Fact]
    public void GradientsMatchWithoutMixing()
    {
        Assert.SkipUnless(LlamaBuild.Loaded == LlamaBuild.V050, "The older build always mixes.");
        new GradientProbe((g, x) => g.Record(Ggml.ggml_dsv4_hc_post(g.Context, x[0], x[1], x[2], default)))
            .Vary(new Shape(5, 3))
            .Vary(new Shape(5, 4, 3))
            .Vary(new Shape(4, 3))
            .Check();
    }
}
