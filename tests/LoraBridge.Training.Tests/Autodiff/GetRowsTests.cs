using LoraBridge.Training.Graphs;
using LoraBridge.Native;

namespace LoraBridge.Training.Tests.Autodiff;

public sealed class GetRowsTests
{
    [Fact]
    public void GradientsMatchDifferences()
    {
        // Row 2 is taken twice, row 0 never.
        new GradientProbe((g, x) => g.GetRows(x[0], x[1]))
            .Vary(new Shape(37, 4))
            .Fix(new Shape(4), 2, 1, 2, 3)
            .Check();
    }

    [Fact]
    public void GradientsMatchForEachMatrix()
    {
        new GradientProbe((g, x) => g.GetRows(x[0], x[1]))
            .Vary(new Shape(1, 4, 3))
            .Fix(new Shape(2, 3), 3, 1, 0, 2, 1, 1)
            .Check();
    }
}
