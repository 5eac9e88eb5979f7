using System.Text.RegularExpressions;

namespace LoraBridge.Training.Graphs;

/// <summary>
/// Cuts a graph into layers: stretches of nodes between which as little as possible is passed on. A layer can then be computed
/// again from what comes in, instead of keeping all its intermediate results for the backward pass.
/// Chen et al., "Training Deep Nets with Sublinear Memory Cost", <see href="https://arxiv.org/abs/1604.06174"/>.
/// </summary>
internal static partial class LayerCuts
{
    /// <summary>Stretches of <paramref name="nodes"/>, which together are all of them.</summary>
    /// <param name="nodes">Operations in the order of execution.</param>
    /// <param name="varies">Tensors whose gradient matters; others may cross a cut freely.</param>
    /// <param name="outputs">Tensors that are used after the last node.</param>
    public static IReadOnlyList<ArraySegment<TracedTensor>> Find(
        TracedTensor[] nodes, IReadOnlySet<TracedTensor> varies, IEnumerable<TracedTensor> outputs)
    {
        var lastUse = new Dictionary<TracedTensor, int>();
        for (var i = 0; i < nodes.Length; i++)
            foreach (var source in nodes[i].Sources)
                if (source is not null)
                    lastUse[source] = i;
        foreach (var output in outputs)
            lastUse[output] = nodes.Length;

        var cuts = new SortedDictionary<int, int>();
        var live = new List<TracedTensor>();
        for (var i = 0; i < nodes.Length - 1; i++)
        {
            live.RemoveAll(tensor => lastUse[tensor] <= i);
            if (varies.Contains(nodes[i]) && lastUse.GetValueOrDefault(nodes[i], -1) > i)
                live.Add(nodes[i]);
            // llama.cpp ends the names of a layer's results with its number: the last place to cut in each layer is its end. A view is no place
            // to cut: others may look at the same memory past it, and it would have to be kept beside what owns that.
            if (live.Count == 1 && !live[0].Op.IsView && LayerNumber().Match(live[0].Name) is { Success: true } match)
                cuts[int.Parse(match.Groups[1].Value)] = i + 1;
        }

        // What comes before all that is trained is a stretch of its own, which nothing is passed back to.
        var frozen = Array.FindIndex(nodes, varies.Contains);
        var segments = new List<ArraySegment<TracedTensor>>();
        var start = 0;
        foreach (var end in cuts.Values.Append(frozen).Append(nodes.Length).Where(end => end > 0).Order())
        {
            if (end > start)
                segments.Add(new ArraySegment<TracedTensor>(nodes, start, end - start));
            start = end;
        }
        return segments;
    }

    [GeneratedRegex(@"-(\d{1,6})(?: \(.*\))?$")]
    private static partial Regex LayerNumber();
}
