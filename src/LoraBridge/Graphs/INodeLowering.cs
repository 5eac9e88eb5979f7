using LoraBridge.Native;

namespace LoraBridge.Graphs;

/// <summary>Nodes of a recorded graph that are emitted as something else than themselves.</summary>
internal interface INodeLowering
{
    /// <summary>Emits what stands for <paramref name="node"/>.</summary>
    /// <param name="builder">Where to emit.</param>
    /// <param name="node">The recorded node.</param>
    /// <param name="sources">What stands for its sources.</param>
    /// <param name="valueOf">What stands for any earlier tensor.</param>
    /// <returns>Null where it is emitted as it is.</returns>
    TensorPtr TryEmit(GraphBuilder builder, TracedTensor node, ReadOnlySpan<TensorPtr> sources, Func<TracedTensor, TensorPtr> valueOf);

    /// <summary>Emits y[m, n] = Σₖ a[k, m] b[k, n] of values, a broadcast over dimensions 2 and 3.</summary>
    TensorPtr Multiply(GraphBuilder builder, TensorPtr a, TensorPtr b);

    /// <summary>Emits cap · tanh(scale / cap · x) of contiguous scores.</summary>
    TensorPtr SoftCap(GraphBuilder builder, TensorPtr scores, float scale, float cap);
}
