using LoraBridge.Formats;
using LoraBridge.Training.Graphs;
using LoraBridge.Native;

namespace LoraBridge.Training.Tests.Autodiff;

public sealed class SetRowsTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void GradientsMatchDifferences(int matrices)
    {
        new GradientProbe((g, x) => g.SetRows(x[0], x[1], x[2]))
            .Vary(new Shape(5, 4, matrices))
            .Vary(new Shape(5, 2, matrices))
            .Fix(GgmlType.I64, new Shape(2), 3L, 1L)
            .Check();
    }
}
