using LoraBridge.Training.Graphs;


namespace LoraBridge.Training;

/// <summary>
/// A forward graph taken apart for training: the body, in layers, runs over all tokens of a row; the head, from where llama.cpp
/// selects the tokens that get logits, runs over some of them at a time.
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
        var inHead = new HashSet<TracedTensor>();
        foreach (var node in graph.Nodes)
        {
            if (node.Sources.Any(source => source is not null && _varies.Contains(source)))
                _varies.Add(node);
            if (node.Sources.Any(source => source is not null && (source == outputRows || inHead.Contains(source))))
                inHead.Add(node);
        }

        Head = [.. graph.Nodes.Where(inHead.Contains)];
        TracedTensor[] body = [.. graph.Nodes.Where(node => !inHead.Contains(node))];
        BodyOutputs = outputRows is null ? [graph.Output] : Crossing(body, Head);
        Layers = LayerCuts.Find(body, _varies, BodyOutputs);
        FrozenLayers = Layers.TakeWhile(layer => !layer.Any(_varies.Contains)).Count();
    }

    /// <summary>Leaves that training changes, in the order of their first use.</summary>
    public IReadOnlyList<TracedTensor> Trainable { get; }

    public IReadOnlyList<ArraySegment<TracedTensor>> Layers { get; }

    /// <summary>How many layers, from the first on, vary with nothing that is trained: they are computed forward, and that once.</summary>
    public int FrozenLayers { get; }

    public IReadOnlyList<TracedTensor> Head { get; }

    /// <summary>Results of the body that the head uses.</summary>
    public IReadOnlyList<TracedTensor> BodyOutputs { get; }

    /// <summary>Whether the loss's gradient with respect to <paramref name="tensor"/> matters.</summary>
    public bool Varies(TracedTensor tensor) => _varies.Contains(tensor);

    /// <summary>Results of earlier layers that <paramref name="layer"/> uses.</summary>
    public IReadOnlyList<TracedTensor> Inputs(int layer) =>
        Crossing(Layers.Take(layer).SelectMany(nodes => nodes), Layers[layer]);

    private static TracedTensor[] Crossing(IEnumerable<TracedTensor> before, IEnumerable<TracedTensor> after)
    {
        var made = before.ToHashSet();
        return [.. after.SelectMany(node => node.Sources).OfType<TracedTensor>().Where(made.Contains).Distinct()];
    }
}
