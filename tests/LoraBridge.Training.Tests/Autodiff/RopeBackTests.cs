using LoraBridge.Training.Graphs;
using LoraBridge.Native;

namespace LoraBridge.Training.Tests.Autodiff;

public sealed class RopeBackTests
{
    /// <summary>Neighbouring pairs, pairs half a row apart, and rows of which a part is turned, stretched as YaRN does.</summary>
    [Theory]
    [InlineData(0, 8)]
    [InlineData(2, 8)]
    [InlineData(0, 4)]
    [InlineData(2, 4)]
    public void GradientsMatchDifferences(int mode, int dimensions)
    {
        new GradientProbe((g, x) => g.Record(
                Ggml.ggml_rope_ext_back(g.Context, x[0], x[1], default, dimensions, mode, 16, 10000, 0.5f, 1, 1.1f, 32, 1)))
            .Vary(new Shape(8, 2, 3))
            .Fix(new Shape(3), 0, 1, 5)
            .Check();
    }
}
