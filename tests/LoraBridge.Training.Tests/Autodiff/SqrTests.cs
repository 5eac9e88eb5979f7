using LoraBridge.Training.Graphs;
using LoraBridge.Native;

namespace LoraBridge.Training.Tests.Autodiff;

public sealed class SqrTests
{
    [Fact]
    public void GradientsMatchDifferences()
    {
        new GradientProbe((g, x) => g.Record(Ggml.ggml_sqr(g.Context, x[0])))
            .Vary(new Shape(7, 3, 2))
            .Check();
    }

    [Fact]
    public void GradientsMatchBehindAPermutation()
    {
        new GradientProbe((g, x) => g.Record(Ggml.ggml_sqr(g.Context, g.Contiguous(g.Permute(x[0], 1, 0, 2, 3)))))
            .Vary(new Shape(7, 3, 2))
            .Check();
    }
}
