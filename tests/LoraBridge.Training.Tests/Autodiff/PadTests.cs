using LoraBridge.Training.Graphs;
using LoraBridge.Native;

namespace LoraBridge.Training.Tests.Autodiff;

public sealed class PadTests
{
    [Fact]
    public void GradientsMatchDifferences()
    {
        new GradientProbe((g, x) => g.Record(Ggml.ggml_pad_ext(g.Context, x[0], 1, 2, 0, 3, 2, 0, 1, 1)))
            .Vary(new Shape(3, 4, 2, 2))
            .Check();
    }
}
