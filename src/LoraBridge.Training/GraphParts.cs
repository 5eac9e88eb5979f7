using LoraBridge.Training.Graphs;

namespace LoraBridge.Training;

/// <summary>
/// A forward graph taken apart for training: the body, in layers, runs over all tokens of a row, and from where llama.cpp selects the tokens that get
/// logits, over these; the head, from behind the final norm, runs over some of them at a time.
/// </summary>
internal sealed class GraphParts
{
    private readonly HashSet<TracedTensor> _varies = [];

    /// <param name="graph">A graph without state (<see cref="StateElimination"/>).</param>
    /// <param name="outputRows">The input that selects the tokens; null makes all of the graph body.</param>
    /// <param name="isTrainable">Which leaves training changes.</param>
    public GraphParts(TracedGraph graph, TracedTensor? outputRows, Func<TracedTensor, bool> isTrainable)
    {
        Trainable = [.. graph.Leaves.Where(isTrainable)];
        _varies.UnionWith(Trainable);
        foreach (var node in graph.Nodes)
            if (node.Sources.Any(source => source is not null && _varies.Contains(source)))
                _varies.Add(node);

        (BodyOutput, Head) = outputRows is null ? (graph.Output, []) : CutHead(graph, outputRows);
        var inHead = Head.ToHashSet();
        Layers = LayerCuts.Find([.. graph.Nodes.Where(node => !inHead.Contains(node))], _varies, [BodyOutput]);
        FrozenLayers = Layers.TakeWhile(layer => !layer.Any(_varies.Contains)).Count();
    }

    /// <summary>Leaves that training changes, in the order of their first use.</summary>
    public IReadOnlyList<TracedTensor> Trainable { get; }

    public IReadOnlyList<ArraySegment<TracedTensor>> Layers { get; }

    /// <summary>How many layers, from the first on, vary with nothing that is trained: they are computed forward, and that once.</summary>
    public int FrozenLayers { get; }

    public IReadOnlyList<TracedTensor> Head { get; }

    /// <summary>The result of the body that the head uses, [*, rows]: as a rule the final norm; the logits, where no part of the graph is a head.</summary>
    public TracedTensor BodyOutput { get; }

    /// <summary>Whether the loss's gradient with respect to <paramref name="tensor"/> matters.</summary>
    public bool Varies(TracedTensor tensor) => _varies.Contains(tensor);

    /// <summary>
    /// Results of earlier layers that <paramref name="layer"/> uses, and what owns the memory of those that it looks at: where no gradient passes, that may
    /// lie in an earlier layer than what a view was taken of.
    /// </summary>
    public IReadOnlyList<TracedTensor> Inputs(int layer)
    {
        var made = Layers.Take(layer).SelectMany(nodes => nodes).ToHashSet();
        return [.. Layers[layer].SelectMany(node => node.Sources.Append(node.ViewSource)).OfType<TracedTensor>().Where(made.Contains).Distinct()];
    }

    /// <summary>
    /// The last place behind the selection of rows where one tensor is all that is passed on, and as little as anywhere: more than the rows of
    /// that is not needed to compute logits of some rows. All nodes behind it are the head.
    /// </summary>
    private static (TracedTensor Output, IReadOnlyList<TracedTensor> Head) CutHead(TracedGraph graph, TracedTensor outputRows)
    {
        var behind = new HashSet<TracedTensor> { outputRows };
        TracedTensor[] selected = [.. graph.Nodes.Where(node => node.Sources.Any(source => source is not null && behind.Contains(source)) && behind.Add(node))];
        var (output, start) = (graph.Output, selected.Length);
        var passed = new HashSet<TracedTensor> { graph.Output };
        for (var i = selected.Length - 1; i >= 0; i--)
        {
            // Passed on so far is what the nodes behind this one use.
            if (passed.Count == 1 && passed.Single() is { Op.IsView: false, Shape: { Ne2: 1, Ne3: 1 } shape } only
                && shape.Ne1 == graph.OutputRows && shape.Ne0 < output.Shape.Ne0)
                (output, start) = (only, i + 1);
            passed.Remove(selected[i]);
            passed.UnionWith(selected[i].Sources.Append(selected[i].ViewSource).OfType<TracedTensor>().Where(source => !source.IsLeaf));
        }
        return (output, selected[start..]);
    }
}
