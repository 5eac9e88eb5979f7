using LoraBridge.Training.Graphs;
using LoraBridge.Native;

namespace LoraBridge.Training.Tests.Autodiff;

public sealed class GatedDeltaNetTests
{
    [Theory]
    [InlineData(2, 1, 1, 1)]
    [InlineData(4, 1, 1, 1)]
    [InlineData(2, 2, 1, 1)]
    [InlineData(2, 1, 4, 1)]
    [InlineData(4, 2, 4, 3)]
    public void GradientsMatchDifferences(int heads, int sequences, int gates, int snapshots)
    {
        const int width = 4, groups = 2, tokens = 6;
        new GradientProbe((g, x) => g.Record(Ggml.ggml_gated_delta_net(g.Context, x[0], x[1], x[2], x[3], x[4], x[5], snapshots)))
            .Vary(new Shape(width, groups, tokens, sequences))
            .Vary(new Shape(width, groups, tokens, sequences))
            .Vary(new Shape(width, heads, tokens, sequences))
            .Vary(new Shape(gates, heads, tokens, sequences), -1, 0)
            .Vary(new Shape(1, heads, tokens, sequences), 0, 1)
            .Vary(new Shape(width, width, heads, sequences))
            .Check();
    }

    /// <summary>Three chunks of tokens, and the rows of a state in several pieces. Small keys and gates keep states from vanishing, and from growing.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(64)]
    public void GradientsPassFromChunkToChunk(int gates)
    {
        const int width = 64, tokens = 270;
        new GradientProbe((g, x) => g.Record(Ggml.ggml_gated_delta_net(g.Context, x[0], x[1], x[2], x[3], x[4], x[5], 1)))
            .Vary(new Shape(width, 1, tokens))
            .Vary(new Shape(width, 1, tokens), -0.1f, 0.1f)
            .Vary(new Shape(width, 1, tokens))
            .Vary(new Shape(gates, 1, tokens), -0.01f, 0)
            .Vary(new Shape(1, 1, tokens), 0, 1)
            .Vary(new Shape(width, width, 1))
            .Check();
    }
}
