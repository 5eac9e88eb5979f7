namespace LoraBridge.Training.Graphs;

/// <summary>
/// A graph as it was before a scheduler placed it: that replaces sources by copies on other devices, which live until it places another graph.
/// </summary>
internal sealed class GraphState
{
    private readonly GraphPtr _graph;
    private readonly List<(TensorPtr Node, TensorPtr[] Sources, ElementsPtr Elements)> _nodes = [];
    private readonly List<TensorPtr> _leavesWithoutMemory = [];

    public GraphState(GraphPtr graph)
    {
        _graph = graph;
        var leaves = new HashSet<TensorPtr>();
        for (var i = 0; i < Ggml.ggml_graph_n_nodes(graph); i++)
        {
            var node = Ggml.ggml_graph_node(graph, i);
            TensorPtr[] sources = [.. Enumerable.Range(0, Ggml.MaxSources).Select(node.Source)];
            leaves.UnionWith(sources.Where(source => !source.IsNull && source.Op == GgmlOp.None));
            _nodes.Add((node, sources, node.Elements));
        }
        LeafCount = leaves.Count;
        _leavesWithoutMemory.AddRange(leaves.Where(leaf => leaf.ViewSource.IsNull && leaf.Data == 0));
    }

    /// <summary>Operations.</summary>
    public int NodeCount => _nodes.Count;

    /// <summary>Leaves that the operations use.</summary>
    public int LeafCount { get; }

    /// <summary>Puts operations and leaves back as they were: on their own sources, in no memory, in their order, which backends may change, too.</summary>
    public void Restore()
    {
        // What a scheduler placed looks to the next one as if it had memory of its own, and stays where it was: in memory that is others' by then, or nobody's.
        foreach (var leaf in _leavesWithoutMemory)
            leaf.SetUnplaced(default);
        foreach (var (node, sources, elements) in _nodes)
        {
            node.SetUnplaced(elements);
            for (var i = 0; i < sources.Length; i++)
                node.SetSource(i, sources[i]);
        }
        Ggml.ggml_graph_clear(_graph);
        foreach (var (node, _, _) in _nodes)
            Ggml.ggml_build_forward_expand(_graph, node);
    }
}
