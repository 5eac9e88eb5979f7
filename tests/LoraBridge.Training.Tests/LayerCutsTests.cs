using LoraBridge.Formats;
using LoraBridge.Native;
using LoraBridge.Training.Graphs;

namespace LoraBridge.Training.Tests;

public sealed class LayerCutsTests
{
    /// <summary>A layer's result is looked at in another shape before the next layer begins: the cut is before that, not at the view.</summary>
    [Fact]
    public void A_cut_is_never_at_a_view()
    {
        var input = Node("inp", GgmlOp.None);
        TracedTensor[] nodes = new TracedTensor[6];
        nodes[0] = Node("attn-0", GgmlOp.Mul, input);
        nodes[1] = Node("l_out-0", GgmlOp.Add, nodes[0]);
        nodes[2] = Node("l_out-0 (reshaped)", GgmlOp.Reshape, nodes[1]);
        nodes[3] = Node("attn-1", GgmlOp.Mul, nodes[2]);
        nodes[4] = Node("l_out-1", GgmlOp.Add, nodes[3]);
        nodes[5] = Node("result", GgmlOp.Mul, nodes[4]);

        var layers = LayerCuts.Find(nodes, nodes.ToHashSet(), [nodes[5]]);

        Assert.Equal([["attn-0", "l_out-0"], ["l_out-0 (reshaped)", "attn-1", "l_out-1"], ["result"]], layers.Select(layer => layer.Select(node => node.Name)));
    }

    private static TracedTensor Node(string name, GgmlOp op, params TracedTensor[] sources) => new()
    {
        Name = name, Op = op, Type = GgmlType.F32, Shape = new Shape(4), Strides = [4, 16, 16, 16], OpParams = new int[16], Sources = sources,
        ViewSource = op == GgmlOp.Reshape ? sources[0] : null,
    };
}
