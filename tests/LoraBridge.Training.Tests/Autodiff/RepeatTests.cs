using LoraBridge.Training.Graphs;
using LoraBridge.Native;

namespace LoraBridge.Training.Tests.Autodiff;

public sealed class RepeatTests
{
    [Fact]
    public void GradientsMatchDifferences()
    {
        new GradientProbe((g, x) => g.Repeat(x[0], new Shape(6, 4, 3, 2)))
            .Vary(new Shape(3, 2, 1, 2))
            .Check();
    }
}
