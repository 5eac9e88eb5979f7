using LoraBridge.Training.Graphs;
using LoraBridge.Training.Autodiff.Ops;

namespace LoraBridge.Training.Tests.Autodiff;

public sealed class LowRankProductTests
{
    [Theory]
    [InlineData(1, 5, 1)]
    [InlineData(4, 64, 3)]
    [InlineData(7, 130, 6)]
    [InlineData(8, 1100, 70)]
    [InlineData(33, 40, 9)]
    public void GradientsMatchDifferences(int rank, int width, int tokens)
    {
        new GradientProbe((g, x) => g.Custom(LowRankProduct.Instance, new Shape(rank, tokens), x[0], x[1]))
            .Vary(new Shape(width, rank))
            .Vary(new Shape(width, tokens))
            .Check();
    }

    /// <summary>Two branches of one argument: the second gradient is added to the first.</summary>
    [Fact]
    public void GradientsOfBranchesAddUp()
    {
        new GradientProbe((g, x) => g.Mul(
                g.Custom(LowRankProduct.Instance, new Shape(4, 5), x[0], x[2]), g.Custom(LowRankProduct.Instance, new Shape(4, 5), x[1], x[2])))
            .Vary(new Shape(40, 4))
            .Vary(new Shape(40, 4))
            .Vary(new Shape(40, 5))
            .Check();
    }
}
