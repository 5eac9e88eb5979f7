using LoraBridge.Graphs;
using LoraBridge.Training.Autodiff.Ops;

namespace LoraBridge.Tests.Training.Ops;

public sealed class BatchedMatMulTests
{
    [Theory]
    [InlineData(3, 2, 1, 1, 1)]
    [InlineData(33, 7, 6, 1, 1)]
    [InlineData(64, 12, 5, 2, 4)]
    [InlineData(31, 130, 7, 1, 3)]
    public void GradientsMatchDifferences(int k, int m, int n, int left, int right)
    {
        new GradientProbe((g, x) => g.Custom(BatchedMatMul.Instance, new Shape(m, n, right), x[0], x[1]))
            .Vary(new Shape(k, m, left))
            .Vary(new Shape(k, n, right))
            .Check();
    }

    /// <summary>Keys and queries: views of larger tensors whose heads lie between each other.</summary>
    [Fact]
    public void EqualsMulMatForPermutedArguments()
    {
        new GradientProbe((g, x) =>
            {
                var (a, b) = (g.Permute(x[0], 0, 2, 1, 3), g.Permute(x[1], 0, 2, 1, 3));
                Assert.True(BatchedMatMul.Takes(a, b));
                return g.Add(g.Custom(BatchedMatMul.Instance, new Shape(5, 3, 4), a, b), g.Scale(g.MulMat(a, b), -0.5f));
            })
            .Vary(new Shape(8, 2, 5))
            .Vary(new Shape(8, 4, 3))
            .Check();
    }
}
