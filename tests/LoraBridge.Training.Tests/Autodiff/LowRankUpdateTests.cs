using LoraBridge.Formats;
using LoraBridge.Training.Graphs;
using LoraBridge.Training.Autodiff.Ops;

namespace LoraBridge.Training.Tests.Autodiff;

public sealed class LowRankUpdateTests
{
    /// <summary>Ranks and widths below, at and over vectors (8), groups of four, and blocks (512).</summary>
    [Theory]
    [InlineData(1, 5, 1)]
    [InlineData(4, 64, 3)]
    [InlineData(7, 130, 6)]
    [InlineData(8, 1100, 70)]
    [InlineData(33, 40, 9)]
    public void GradientsMatchDifferences(int rank, int m, int tokens)
    {
        new GradientProbe((g, x) => g.Custom(new LowRankUpdate(0.7f), new Shape(m, tokens), x[0], x[1], x[2]))
            .Vary(new Shape(m, tokens))
            .Vary(new Shape(rank, m))
            .Vary(new Shape(rank, tokens))
            .Check();
    }

    [Fact]
    public void EqualsTheOperationsItReplaces()
    {
        var shape = new Shape(200, 11);
        var random = new Random(4);
        GradientProbe.Argument[] arguments = [.. new[] { shape, new Shape(6, 200), new Shape(6, 11) }.Select(Argument)];
        using var fused = new ProbeRun((g, x) => g.Custom(new LowRankUpdate(0.3f), shape, x), arguments, threads: 2);
        using var plain = new ProbeRun((g, x) => g.Add(x[0], g.Scale(g.MulMat(x[1], x[2]), 0.3f)), arguments, threads: 2);
        fused.Compute();
        plain.Compute();
        foreach (var (expected, found) in plain.Result.Zip(fused.Result))
            Assert.Equal(expected, found, 1e-5);

        GradientProbe.Argument Argument(Shape extents) => new(
            GgmlType.F32, extents, Enumerable.Range(0, (int)extents.Count).Select(_ => random.NextSingle() - 0.5f).ToArray(), true);
    }
}
