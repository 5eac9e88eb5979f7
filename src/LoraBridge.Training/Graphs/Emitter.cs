using LoraBridge.Formats;
using LoraBridge.Native;

namespace LoraBridge.Training.Graphs;

/// <summary>
/// Writes recorded nodes into a graph of ours. Nearly all are copied as they are; attention is written out, because the fused
/// operation has no gradient.
/// </summary>
/// <param name="builder">Where to emit.</param>
/// <param name="leaves">What stands for inputs, and for nodes emitted before.</param>
/// <param name="lowering">Nodes to emit as something else; null emits all as they are.</param>
internal sealed class Emitter(GraphBuilder builder, IReadOnlyDictionary<TracedTensor, TensorPtr> leaves, INodeLowering? lowering = null)
{
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

    public void Emit(IEnumerable<TracedTensor> nodes)
    {
        builder.StartStretch();
        foreach (var node in nodes)
            _emitted[node] = Emit(node);
    }

    private TensorPtr Emit(TracedTensor node)
    {
        // The source of FILL is memory to write into, with no value of its own.
        if (node.Op == GgmlOp.Fill)
            return builder.Fill(node.Type, node.Shape, node.FloatParam(0));

        var sources = new TensorPtr[node.Sources.Length];
        for (var i = 0; i < sources.Length; i++)
            if (node.Sources[i] is { } source)
                sources[i] = this[source];

        // It changes some rows of its target in place: what the others hold must be there first.
        if (node.Op == GgmlOp.SetRows)
            return builder.SetRows(sources[2], sources[0], sources[1]);
        if (node.Op.IsView)
        {
            RequireSameLayout(node, node.ViewSource!);
            return builder.Copy(node, sources, this[node.ViewSource!]);
        }
        var lowered = lowering?.TryEmit(builder, node, sources, Made) ?? default;
        if (!lowered.IsNull)
            return lowered;
        return node.Op == GgmlOp.FlashAttnExt ? EmitAttention(node, sources) : builder.Copy(node, sources, default);
    }

    /// <summary>What stands for a weight, or for a node that was emitted here; null for all else: gradients pass through what is emitted here only.</summary>
    private TensorPtr Made(TracedTensor tensor) =>
        tensor.IsWeight ? tensor.Weight : leaves.ContainsKey(tensor) ? default : _emitted.GetValueOrDefault(tensor);

    /// <summary>A view's offsets and strides are right only where its source lies in memory as it did when the view was recorded.</summary>
    private void RequireSameLayout(TracedTensor view, TracedTensor source)
    {
        var target = this[source];
        for (var i = 0; i < Shape.Dimensions; i++)
            if (source.Shape[i] > 1 && target.Nb(i) != source.Strides[i])
                throw new NotSupportedException(
                    $"{view} looks at {source} with strides [{string.Join(", ", source.Strides)}], which here are contiguous.");
    }

    /// <summary>
    /// q [K, T, H], k [K, N, G], v [D, N, G] (strided), mask [N, T], sinks [H] -> [D, H, T], for H query heads in G groups:
    /// p = softmax(cap(scale kᵀq) + mask), y = v p.
    /// </summary>
    private TensorPtr EmitAttention(TracedTensor node, ReadOnlySpan<TensorPtr> sources)
    {
        var (scale, maxBias, softCap) = (node.FloatParam(0), node.FloatParam(1), node.FloatParam(2));
        var (mask, sinks) = (sources.Length > 3 ? sources[3] : default, sources.Length > 4 ? sources[4] : default);
        var scores = builder.MulMat(builder.Cast(sources[1], GgmlType.F32), builder.Contiguous(sources[0]));
        if (softCap != 0)
        {
            scores = builder.Scale(builder.Tanh(builder.Scale(scores, scale / softCap)), softCap);
            scale = 1;
        }

        var weights = builder.SoftMax(scores, mask, scale, maxBias);
        builder.AddSinks(weights, sinks);
        var context = builder.MulMat(builder.Contiguous(builder.Transpose(builder.Cast(sources[2], GgmlType.F32))), weights);
        return builder.Contiguous(builder.Permute(context, 0, 2, 1, 3));
    }
}
