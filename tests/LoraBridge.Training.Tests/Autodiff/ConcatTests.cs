using LoraBridge.Training.Graphs;
using LoraBridge.Native;

namespace LoraBridge.Training.Tests.Autodiff;

public sealed class ConcatTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void GradientsMatchAlongEachDimension(int dimension)
    {
        var second = new long[] { 3, 4, 2, 2 };
        second[dimension] = 5;
        new GradientProbe((g, x) => g.Record(Ggml.ggml_concat(g.Context, x[0], x[1], dimension)))
            .Vary(new Shape(3, 4, 2, 2))
            .Vary(Shape.Of(second))
            .Check();
    }
}
