using LoraBridge.Formats;
using LoraBridge.Training.Graphs;

namespace LoraBridge.Training.Tests;

public sealed class HeadInputsTests
{
    /// <summary>Gradients are written to the rows that they belong to: one that is chosen twice would lose what was written there first.</summary>
    [Fact]
    public void Each_row_is_chosen_once()
    {
        const int tokens = 6;
        using var leaves = new GraphBuilder(HeadInputs.Tensors);
        var head = new HeadInputs(leaves, tokens);
        using var engine = new ComputeEngine(1);
        using var memory = engine.Allocate(leaves);

        head.Fill([new LossTarget(4, 7, 0.5f), new LossTarget(0, 8, 0.25f)]);
        Assert.Equal([4, 0, 1, 2, 3, 5], head.Rows.ToArray<int>());
        Assert.Equal([7, 8, 0, 0, 0, 0], head.Targets.ToArray<int>());
        Assert.Equal([0.5f, 0.25f, 0, 0, 0, 0], head.Weights.ToArray<float>());
        head.Fill([.. Enumerable.Range(0, tokens).Select(row => new LossTarget(row, row, 1))]);
        Assert.Equal(Enumerable.Range(0, tokens), head.Rows.ToArray<int>());
    }
}
