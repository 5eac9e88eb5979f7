using LoraBridge.Training.Graphs;
using LoraBridge.Native;

namespace LoraBridge.Training.Tests.Autodiff;

public sealed class AccTests
{
    [Fact]
    public void GradientsMatchDifferences()
    {
        new GradientProbe((g, x) => g.Accumulate(x[0], x[1], 5 * sizeof(float), 20 * sizeof(float), 40 * sizeof(float), 6 * sizeof(float)))
            .Vary(new Shape(5, 4, 2))
            .Vary(new Shape(3, 2, 2))
            .Check();
    }
}
