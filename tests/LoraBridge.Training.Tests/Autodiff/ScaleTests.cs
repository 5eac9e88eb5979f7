using LoraBridge.Training.Graphs;
using LoraBridge.Native;

namespace LoraBridge.Training.Tests.Autodiff;

public sealed class ScaleTests
{
    [Fact]
    public void GradientsMatchDifferences()
    {
        new GradientProbe((g, x) => g.Record(Ggml.ggml_scale_bias(g.Context, x[0], -1.7f, 0.3f)))
            .Vary(new Shape(7, 3))
            .Check();
    }

    [Fact]
    public void GradientsMatchForFactorOne()
    {
        new GradientProbe((g, x) => g.Scale(x[0], 1))
            .Vary(new Shape(7, 3))
            .Check();
    }
}
