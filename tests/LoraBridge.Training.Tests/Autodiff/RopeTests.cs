using LoraBridge.Training.Graphs;
using LoraBridge.Native;

namespace LoraBridge.Training.Tests.Autodiff;

public sealed class RopeTests
{
    /// <summary>Neighbouring pairs, pairs half a row apart, and rows of which a part is turned.</summary>
    [Theory]
    [InlineData(0, 8)]
    [InlineData(2, 8)]
    [InlineData(0, 4)]
    [InlineData(2, 4)]
    public void GradientsMatchDifferences(int mode, int dimensions)
    {
        new GradientProbe((g, x) => g.Record(Ggml.ggml_rope(g.Context, x[0], x[1], dimensions, mode)))
            .Vary(new Shape(8, 2, 3))
            .Fix(new Shape(3), 0, 1, 5)
            .Check();
    }
}
