using LoraBridge.Training.Graphs;
using LoraBridge.Native;

namespace LoraBridge.Training.Tests.Autodiff;

public sealed class Dsv4HcCombTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void GradientsMatchDifferences(int iterations)
    {
        new GradientProbe((g, x) => g.Record(Ggml.ggml_dsv4_hc_comb(g.Context, x[0], x[1], x[2], 1e-2f, iterations)))
            .Vary(new Shape(24, 3))
            .Vary(new Shape(3))
            .Vary(new Shape(24))
            .Check();
    }
}
