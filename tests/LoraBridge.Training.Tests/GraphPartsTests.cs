using LoraBridge.Formats;
using LoraBridge.Native;
using LoraBridge.Training.Graphs;

namespace LoraBridge.Training.Tests;

/// <summary>Graphs that no model of today has, but one could.</summary>
public sealed class GraphPartsTests
{
    private const int Rows = 3;

    /// <summary>The head runs for some rows at a time: it begins where rows are rows, not where they lie transposed, however small that is.</summary>
    [Fact]
    public void The_head_begins_where_each_row_is_one_of_logits()
    {
        var (weight, outputRows) = (Node(GgmlOp.None, new Shape(4)), Node(GgmlOp.None, new Shape(Rows)));
        var body = Node(GgmlOp.Mul, new Shape(4, 10), weight);
        var selected = Node(GgmlOp.GetRows, new Shape(4, Rows), body, outputRows);
        var transposed = Node(GgmlOp.Cont, new Shape(Rows, 4), selected);
        var logits = Node(GgmlOp.MulMat, new Shape(8, Rows), transposed);
        var parts = new GraphParts(new TracedGraph([body, selected, transposed, logits], logits, Tokens: 10, Rows), outputRows, leaf => leaf == weight);
        Assert.Same(selected, parts.BodyOutput);
        Assert.Equal([transposed, logits], parts.Head);
    }

    /// <summary>A table that is not trained is looked at through a view that an earlier layer took: to compute the layer again, both must be there.</summary>
    [Fact]
    public void A_layer_uses_what_owns_the_memory_that_it_looks_at()
    {
        var (weight, constant) = (Node(GgmlOp.None, new Shape(4)), Node(GgmlOp.None, new Shape(4)));
        var table = Node(GgmlOp.Mul, new Shape(4, Rows), constant);
        var transposed = Made(GgmlOp.Transpose, table.Shape, [table], table);
        var first = Made(GgmlOp.Mul, table.Shape, [table, weight], name: "l_out-0");
        var scaled = Made(GgmlOp.Mul, table.Shape, [first, constant]);
        var part = Made(GgmlOp.View, table.Shape, [transposed], table);
        var second = Made(GgmlOp.Mul, table.Shape, [scaled, part], name: "l_out-1");
        var parts = new GraphParts(new TracedGraph([table, transposed, first, scaled, part, second], second, Tokens: Rows, Rows), null, leaf => leaf == weight);
        Assert.Equal([2, 1, 3], parts.Layers.Select(layer => layer.Count));
        Assert.Equal(1, parts.FrozenLayers);
        Assert.Equal([first, transposed, table], parts.Inputs(2));
        Assert.Equal([table], parts.Inputs(1));
    }

    /// <summary>The second half of a tensor that grows by the row starts further behind, the more rows there are.</summary>
    [Fact]
    public void Views_move_with_the_number_of_rows()
    {
        var graph = Recorded(8) with { WithOtherRows = Recorded(12) };
        var scaled = new RowScaling(graph).At(graph.Output, 5);
        Assert.Equal((new Shape(4, 5), 5 * 16, new Shape(4, 10)), (scaled.Shape, (int)scaled.ViewOffset, scaled.ViewSource!.Shape));

        static TracedGraph Recorded(int rows)
        {
            var both = Node(GgmlOp.Concat, new Shape(4, 2 * rows));
            var second = new TracedTensor
            {
                Name = "second", Op = GgmlOp.View, Type = GgmlType.F32, Shape = new Shape(4, rows), OpParams = new int[16], Sources = [both],
                Strides = StateElimination.ContiguousStrides(GgmlType.F32, new Shape(4, rows)), ViewSource = both, ViewOffset = rows * 16,
            };
            return new TracedGraph([both, second], second, Tokens: 16, rows);
        }
    }

    /// <summary>Cells behind the last token hold the zeros that a new sequence starts from.</summary>
    [Fact]
    public void A_cache_with_more_cells_than_tokens_is_filled_up()
    {
        const int Tokens = 5, Cells = 8;
        var cache = Node(GgmlOp.None, new Shape(4, Cells));
        var keys = Node(GgmlOp.Mul, new Shape(4, Tokens), Node(GgmlOp.None, new Shape(4)));
        var stored = Stored(keys, cache);
        var read = Node(GgmlOp.Cont, cache.Shape, cache);
        var graph = StateElimination.Apply(new TracedGraph([keys, stored, read], read, Tokens, Tokens));
        var filled = Assert.Single(graph.Output.Sources)!;
        Assert.Equal((GgmlOp.Pad, cache.Shape), (filled.Op, filled.Shape));
        Assert.Equal([0, 0, 0, Cells - Tokens], filled.OpParams[..4]);
        Assert.False(graph.CarriesState);
    }

    /// <summary>Rows stored from the first cell on.</summary>
    private static TracedTensor Stored(TracedTensor rows, TracedTensor cache)
    {
        var tokens = (int)rows.Shape.Ne1;
        var indices = new TracedTensor
        {
            Name = "indices", Op = GgmlOp.None, Type = GgmlType.I32, Shape = new Shape(tokens), Strides = [4, 4 * tokens, 4 * tokens, 4 * tokens],
            OpParams = new int[16], InputData = [.. Enumerable.Range(0, tokens).SelectMany(BitConverter.GetBytes)],
        };
        return Made(GgmlOp.SetRows, cache.Shape, [rows, indices, cache], cache);
    }

    private static TracedTensor Node(GgmlOp op, Shape shape, params TracedTensor[] sources) => Made(op, shape, sources);

    private static TracedTensor Made(GgmlOp op, Shape shape, TracedTensor[] sources, TracedTensor? viewSource = null, string? name = null) => new()
    {
        Name = name ?? op.ToString(), Op = op, Type = GgmlType.F32, Shape = shape, OpParams = new int[16], Sources = sources, ViewSource = viewSource,
        Strides = StateElimination.ContiguousStrides(GgmlType.F32, shape),
    };
}
