using LoraBridge.Native;

namespace LoraBridge.Training.Graphs;

/// <summary>
/// A rule for nodes of a recorded graph: emits what stands for one. It may change the node's sources, and leave the rest to the rules that follow.
/// </summary>
/// <returns>Null where another rule is to emit it.</returns>
internal delegate TensorPtr Rewrite(NodeToEmit place);

/// <summary>A recorded node, and what it finds where it is emitted.</summary>
/// <param name="Builder">Where to emit.</param>
/// <param name="Node">The recorded node.</param>
/// <param name="Form">The node as it is to be emitted: it may have other extents than when it was recorded.</param>
/// <param name="Sources">What stands for its sources; null for those it does not have.</param>
/// <param name="ViewSource">What stands for the tensor whose memory it shares; null if that is its own.</param>
/// <param name="ValueOf">What stands for a weight, or a node of the same stretch of the graph; null for others.</param>
internal sealed record NodeToEmit(
    GraphBuilder Builder, TracedTensor Node, TracedTensor Form, TensorPtr[] Sources, TensorPtr ViewSource, Func<TracedTensor, TensorPtr> ValueOf);
