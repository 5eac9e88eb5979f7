using LoraBridge.Formats;
using LoraBridge.Native;

namespace LoraBridge.Training.Graphs;

/// <summary>Writes recorded nodes into a graph of ours: each as the first of the rewrites does that has something to say about it.</summary>
/// <param name="builder">Where to emit.</param>
/// <param name="leaves">What stands for inputs, and for nodes emitted before.</param>
/// <param name="form">A recorded node as it is to be emitted; null emits all as they were recorded.</param>
/// <param name="rewrites">In their order; <see cref="StandardRewrites.All"/> comes behind them.</param>
internal sealed class Emitter(
    GraphBuilder builder, IReadOnlyDictionary<TracedTensor, TensorPtr> leaves, Func<TracedTensor, TracedTensor>? form, params IReadOnlyList<Rewrite> rewrites)
{
    private readonly Rewrite[] _rewrites = [.. rewrites, .. StandardRewrites.All];
    private readonly Dictionary<TracedTensor, TensorPtr> _emitted = new(leaves);

    /// <summary>The tensor that stands for <paramref name="tensor"/>: emitted before, an input, or a weight.</summary>
    /// <exception cref="NotSupportedException">It is none of these.</exception>
    public TensorPtr this[TracedTensor tensor]
    {
        get
        {
            if (_emitted.TryGetValue(tensor, out var emitted))
                return emitted;
            return tensor.IsWeight ? tensor.Weight : throw new NotSupportedException($"{tensor} has no value in a training graph.");
        }
        set => _emitted[tensor] = value;
    }

    /// <param name="nodes">The nodes, in their order.</param>
    /// <param name="substitute">What is used for a node instead of what was just emitted for it; null uses that.</param>
    public void Emit(IEnumerable<TracedTensor> nodes, Func<TracedTensor, TensorPtr, TensorPtr>? substitute = null)
    {
        builder.StartStretch();
        foreach (var node in nodes)
        {
            var emitted = Emit(node);
            _emitted[node] = substitute?.Invoke(node, emitted) ?? emitted;
        }
    }

    private TensorPtr Emit(TracedTensor node)
    {
        var sources = new TensorPtr[node.Sources.Length];
        // The source of FILL is memory to write into, with no value of its own.
        for (var i = 0; i < sources.Length && node.Op != GgmlOp.Fill; i++)
            if (node.Sources[i] is { } source)
                sources[i] = this[source];
        var place = new NodeToEmit(
            builder, node, form?.Invoke(node) ?? node, sources, node.Op.IsView ? this[node.ViewSource!] : default, Made);
        foreach (var rewrite in _rewrites)
            if (rewrite(place) is { IsNull: false } emitted)
                return emitted;
        throw new NotSupportedException($"{node} cannot be emitted.");
    }

    /// <summary>What stands for a weight, or for a node that was emitted here; null for all else: gradients pass through what is emitted here only.</summary>
    private TensorPtr Made(TracedTensor tensor) =>
        tensor.IsWeight ? tensor.Weight : leaves.ContainsKey(tensor) ? default : _emitted.GetValueOrDefault(tensor);
}
