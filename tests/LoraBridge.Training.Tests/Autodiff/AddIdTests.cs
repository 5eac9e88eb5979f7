using LoraBridge.Training.Graphs;
using LoraBridge.Native;

namespace LoraBridge.Training.Tests.Autodiff;

public sealed class AddIdTests
{
    [Fact]
    public void GradientsMatchDifferences()
    {
        new GradientProbe((g, x) => g.Record(Ggml.ggml_add_id(g.Context, x[0], x[1], x[2])))
            .Vary(new Shape(5, 2, 3))
            .Vary(new Shape(5, 4))
            .Fix(new Shape(2, 3), 1, 3, 0, 1, 3, 1)
            .Check();
    }
}
