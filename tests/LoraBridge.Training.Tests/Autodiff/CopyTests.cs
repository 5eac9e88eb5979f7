using LoraBridge.Training.Graphs;
using LoraBridge.Native;

namespace LoraBridge.Training.Tests.Autodiff;

public sealed class CopyTests
{
    [Fact]
    public void GradientsMatchDifferences()
    {
        new GradientProbe((g, x) => g.Record(Ggml.ggml_cont(g.Context, g.Permute(x[0], 2, 0, 1, 3))))
            .Vary(new Shape(3, 4, 2, 2))
            .Check();
    }

    [Fact]
    public void GradientsMatchForDup()
    {
        new GradientProbe((g, x) => g.Record(Ggml.ggml_dup(g.Context, x[0])))
            .Vary(new Shape(3, 4))
            .Check();
    }

    [Fact]
    public void GradientsMatchForAnotherShape()
    {
        new GradientProbe((g, x) => g.Record(Ggml.ggml_cont_2d(g.Context, g.Transpose(x[0]), 6, 2)))
            .Vary(new Shape(3, 4))
            .Check();
    }
}
