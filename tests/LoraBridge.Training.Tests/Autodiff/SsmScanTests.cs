using LoraBridge.Training.Graphs;
using LoraBridge.Native;

namespace LoraBridge.Training.Tests.Autodiff;

public sealed class SsmScanTests
{
    private const int Tokens = 6;

    /// <summary>Mamba: a decay for each state, one channel a head, all heads share B and C.</summary>
    [Fact]
    public void GradientsMatchForADecayPerState() => Check(states: 4, channels: 1, heads: 5, groups: 1, sequences: 1, decays: 4);

    /// <summary>Mamba 2: a decay for each head.</summary>
    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    public void GradientsMatchForADecayPerHead(int groups, int sequences) =>
        Check(states: 4, channels: 3, heads: 4, groups, sequences, decays: 1);

    /// <summary>The result also holds the states after each of the last tokens.</summary>
    [Fact]
    public void GradientsPassThroughSnapshots() =>
        Check(states: 4, channels: 3, heads: 2, groups: 1, sequences: 2, decays: 1, snapshots: 3);

    /// <summary>Three chunks of tokens, and the channels of a head in two pieces.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(64)]
    public void GradientsPassFromChunkToChunk(int decays) =>
        Check(states: 64, channels: 20, heads: 1, groups: 1, sequences: 1, decays, tokens: 270, strongestDecay: -1.2f);

    private static void Check(
        int states, int channels, int heads, int groups, int sequences, int decays, int snapshots = 1, int tokens = Tokens, float strongestDecay = -1.5f)
    {
        // Sequences start from other cells of the memory than their own, and one cell is left over.
        var cells = Enumerable.Range(0, sequences).Select(i => sequences - i).ToArray();
        new GradientProbe((g, x) => g.Record(Ggml.ggml_ssm_scan(g.Context, x[0], x[1], x[2], x[3], x[4], x[5], x[6], snapshots)))
            .Vary(new Shape(states, channels, heads, sequences + 1))
            .Vary(new Shape(channels, heads, tokens, sequences))
            .Vary(new Shape(heads, tokens, sequences))
            .Vary(new Shape(decays, heads), strongestDecay, strongestDecay / 8)
            .Vary(new Shape(states, groups, tokens, sequences))
            .Vary(new Shape(states, groups, tokens, sequences))
            .Fix(new Shape(sequences), cells)
            .Check();
    }
}
