using LoraBridge.Training.Graphs;
using LoraBridge.Native;

namespace LoraBridge.Training.Tests.Autodiff;

public sealed class MatMulIdTests
{
    /// <summary>Experts of three tokens, two each: expert 1 is used by all, expert 2 by none.</summary>
    private static readonly int[] Ids = [1, 3, 0, 1, 3, 1];

    [Theory]
    [InlineData(2)]
    [InlineData(1)]
    public void GradientsMatchDifferences(int inputs)
    {
        new GradientProbe((g, x) => g.Record(Ggml.ggml_mul_mat_id(g.Context, x[0], x[1], x[2])))
            .Vary(new Shape(37, 7, 4))
            .Vary(new Shape(37, inputs, 3))
            .Fix(new Shape(2, 3), Ids)
            .Check();
    }

    /// <summary>Columns of the weights are shared among threads, over the edge of a panel.</summary>
    [Fact]
    public void GradientsMatchForWideRowsAndFewExperts()
    {
        new GradientProbe((g, x) => g.Record(Ggml.ggml_mul_mat_id(g.Context, x[0], x[1], x[2])))
            .Vary(new Shape(525, 3, 1))
            .Vary(new Shape(525, 1, 5))
            .Fix(new Shape(1, 5), new int[5])
            .Check();
    }

    /// <summary>No token has an expert twice: the best of several are different ones, and CUDA ends the process where they are not.</summary>
    [Fact]
    public void IndicesMayBeStrided()
    {
        new GradientProbe((g, x) => g.Record(Ggml.ggml_mul_mat_id(g.Context, x[0], x[1], g.View(x[2], new Shape(2, 3), 16, 48, 48, 0))))
            .Vary(new Shape(8, 5, 4))
            .Vary(new Shape(8, 2, 3))
            .Fix(new Shape(4, 3), 0, 1, -1, -1, 2, 1, -1, -1, 3, 1, -1, -1)
            .Check();
    }
}
