using LoraBridge.Training.Graphs;
using LoraBridge.Native;

namespace LoraBridge.Training.Tests.Autodiff;

public sealed class LeakyReluTests
{
    [Fact]
    public void GradientsMatchDifferences()
    {
        new GradientProbe((g, x) => g.Record(Ggml.ggml_leaky_relu(g.Context, x[0], 0.1f, false)))
            .Vary(new Shape(7, 3), i => i % 7 * 0.31f - 0.95f)
            .Check();
    }
}
