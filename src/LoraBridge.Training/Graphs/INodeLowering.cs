using LoraBridge.Native;

namespace LoraBridge.Training.Graphs;

/// <summary>Nodes of a recorded graph that are emitted as something else than themselves.</summary>
internal interface INodeLowering
{
    /// <summary>Emits what stands for <paramref name="node"/>.</summary>
    /// <param name="builder">Where to emit.</param>
    /// <param name="node">The recorded node.</param>
    /// <param name="sources">What stands for its sources; null for those it does not have.</param>
    /// <param name="valueOf">What stands for a weight, or a node of the same stretch of the graph; null for others.</param>
    /// <returns>Null where it is emitted as it is.</returns>
    TensorPtr TryEmit(GraphBuilder builder, TracedTensor node, ReadOnlySpan<TensorPtr> sources, Func<TracedTensor, TensorPtr> valueOf);
}
