using LoraBridge.Adapters;
using LoraBridge.Formats;
using LoraBridge.Training.Graphs;
using LoraBridge.Native;

namespace LoraBridge.Merging;

/// <summary>Asks the live graph which of an adapter's pairs llama.cpp applies: some architectures multiply by some weights without looking for one.</summary>
internal static class LiveTargets
{
    /// <summary>The weights that the adapter changes when it is merged, but not when it is applied; none where the graph cannot be recorded.</summary>
    internal static IEnumerable<string> FindUnapplied(LlamaModelHandle model, LlamaAdapterHandle handle, AdapterFile adapter)
    {
        TracedGraph graph;
        try
        {
            graph = GraphTracer.TraceStructure(model, handle);
        }
        catch (NotSupportedException)
        {
            // Only a part of what the verification says, which compares the logits all the same.
            return [];
        }

        var used = graph.Nodes.SelectMany(node => node.Sources).OfType<TracedTensor>().Select(source => source.Name).ToHashSet(StringComparer.Ordinal);
        return adapter.Pairs.Select(pair => pair.Target).Where(target => !used.Contains(target + LoraPair.BSuffix));
    }
}
