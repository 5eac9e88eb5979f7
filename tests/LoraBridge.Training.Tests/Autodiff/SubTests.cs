using LoraBridge.Training.Graphs;
using LoraBridge.Native;

namespace LoraBridge.Training.Tests.Autodiff;

public sealed class SubTests
{
    /// <summary>The second argument as large as the first, and broadcast along one and several dimensions.</summary>
    [Theory]
    [InlineData(5, 3, 2, 2)]
    [InlineData(5, 1, 2, 1)]
    [InlineData(1, 3, 1, 1)]
    [InlineData(1, 1, 1, 1)]
    public void GradientsMatchDifferences(int n0, int n1, int n2, int n3)
    {
        new GradientProbe((g, x) => g.Record(Ggml.ggml_sub(g.Context, x[0], x[1])))
            .Vary(new Shape(5, 3, 2, 2))
            .Vary(new Shape(n0, n1, n2, n3))
            .Check();
    }

    [Fact]
    public void GradientsMatchForPermutedArguments()
    {
        new GradientProbe((g, x) => g.Record(Ggml.ggml_sub(g.Context, g.Permute(x[0], 0, 2, 1, 3), x[1])))
            .Vary(new Shape(4, 2, 3))
            .Vary(new Shape(4, 3, 2))
            .Check();
    }
}
