using LoraBridge.Formats;

namespace LoraBridge.Training.Graphs;

/// <summary>
/// What nodes that follow the selection of output rows look like for another number of these rows: extents and strides grow by the row, and by how
/// much shows in a second recording with another number.
/// </summary>
internal sealed class RowScaling
{
    private readonly TracedGraph _graph;
    private readonly int _step;
    private readonly Dictionary<TracedTensor, TracedTensor> _others;

    /// <param name="graph">A graph that was recorded with two numbers of output rows (<see cref="TracedGraph.WithOtherRows"/>), or is the same for all.</param>
    /// <exception cref="NotSupportedException">The two recordings do not compute the same.</exception>
    public RowScaling(TracedGraph graph)
    {
        _graph = graph;
        var other = graph.WithOtherRows ?? graph;
        _step = other.OutputRows - graph.OutputRows;
        if (!graph.Nodes.Select(node => node.Op).SequenceEqual(other.Nodes.Select(node => node.Op)))
            throw new NotSupportedException($"The model computes something else for {graph.OutputRows} rows of logits than for {other.OutputRows}.");
        _others = graph.Nodes.Zip(other.Nodes).ToDictionary(pair => pair.First, pair => pair.Second);
    }

    /// <summary>A node as it is for so many output rows: itself, where it does not depend on them. Its sources are those that were recorded.</summary>
    /// <exception cref="NotSupportedException">The operation depends on the number of rows in another way.</exception>
    public TracedTensor At(TracedTensor node, int rows)
    {
        if (rows == _graph.OutputRows || !_others.TryGetValue(node, out var other) || node.Shape == other.Shape && node.ViewOffset == other.ViewOffset)
            return node;
        var growing = Enumerable.Range(0, Shape.Dimensions).Count(i => node.Shape[i] != other.Shape[i]);
        if (_step == 0 || growing > 1 || !node.Op.IsView && !node.OpParams.SequenceEqual(other.OpParams))
            throw new NotSupportedException($"{node} cannot be computed for {rows} rows of logits, only for {_graph.OutputRows}.");
        return node with
        {
            Shape = new Shape(Extent(0), Extent(1), Extent(2), Extent(3)),
            Strides = [.. node.Strides.Zip(other.Strides, Scale)],
            ViewSource = node.ViewSource is null ? null : At(node.ViewSource, rows),
            ViewOffset = Scale(node.ViewOffset, other.ViewOffset),
        };

        long Extent(int dimension) => Scale(node.Shape[dimension], other.Shape[dimension]);

        long Scale(long here, long there) => here + (there - here) / _step * (rows - _graph.OutputRows);
    }
}
