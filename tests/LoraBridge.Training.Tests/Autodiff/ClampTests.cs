using LoraBridge.Training.Graphs;
using LoraBridge.Native;

namespace LoraBridge.Training.Tests.Autodiff;

public sealed class ClampTests
{
    [Fact]
    public void GradientsMatchDifferences()
    {
        new GradientProbe((g, x) => g.Record(Ggml.ggml_clamp(g.Context, g.Contiguous(x[0]), -0.5f, 0.5f)))
            .Vary(new Shape(7, 3), i => i % 7 * 0.31f - 0.95f)
            .Check();
    }
}
