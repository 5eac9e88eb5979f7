using LoraBridge.Training.Graphs;
using LoraBridge.Native;

namespace LoraBridge.Training.Tests.Autodiff;

public sealed class L2NormTests
{
    [Fact]
    public void GradientsMatchDifferences()
    {
        new GradientProbe((g, x) => g.Record(Ggml.ggml_l2_norm(g.Context, x[0], 1e-5f)))
            .Vary(new Shape(7, 3, 2))
            .Check();
    }

    [Fact]
    public void RowsShorterThanEpsilonAreDividedByIt()
    {
        new GradientProbe((g, x) => g.Record(Ggml.ggml_l2_norm(g.Context, x[0], 100)))
            .Vary(new Shape(7, 3, 2))
            .Check();
    }
}
