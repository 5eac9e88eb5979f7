namespace LoraBridge.Training.Graphs;

/// <summary>A recorded forward graph.</summary>
/// <param name="Nodes">Operations in the order of execution, without leaves.</param>
/// <param name="Output">The logits, [V, rows].</param>
/// <param name="Tokens">T, the tokens of the row it was recorded with.</param>
/// <param name="OutputRows">Rows of logits it computes.</param>
internal sealed record TracedGraph(IReadOnlyList<TracedTensor> Nodes, TracedTensor Output, int Tokens, int OutputRows)
{
    /// <summary>Whether the row was computed to its end while it was recorded, for which there is no need.</summary>
    public bool WasComputed { get; init; }

    /// <summary>Whether tokens depend on earlier ones through a state that starts at zero: then a row holds one sequence only.</summary>
    public bool CarriesState { get; init; }

    /// <summary>The inputs that depend on which tokens a row has, besides the tokens themselves; null when there are none.</summary>
    public TokenInputs? TokenInputs { get; init; }

    /// <summary>
    /// The same graph, recorded with another number of output rows: how nodes depend on that number shows in the two. Null where it was recorded once.
    /// </summary>
    public TracedGraph? WithOtherRows { get; init; }

    /// <summary>Leaves in the order of their first use.</summary>
    public IReadOnlyList<TracedTensor> Leaves =>
        [.. Nodes.SelectMany(node => node.Sources).OfType<TracedTensor>().Where(source => source.IsLeaf).Distinct()];

    /// <summary>The graph without the nodes that the output does not depend on.</summary>
    public TracedGraph Pruned()
    {
        var used = new HashSet<TracedTensor> { Output };
        foreach (var node in Nodes.Reverse().Where(used.Contains))
            used.UnionWith(node.Sources.Append(node.ViewSource).OfType<TracedTensor>());
        return this with { Nodes = [.. Nodes.Where(used.Contains)] };
    }
}
