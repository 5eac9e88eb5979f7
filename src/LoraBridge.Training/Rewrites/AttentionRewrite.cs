using LoraBridge.Formats;
using LoraBridge.Training.Graphs;
using LoraBridge.Native;
using LoraBridge.Training.Autodiff.Ops;
using LoraBridge.Training.Kernels.Cpu;

namespace LoraBridge.Training.Rewrites;

/// <summary>Emits recorded attention as <see cref="Attention"/>, without the copies of keys and values that llama.cpp makes for its own.</summary>
internal static class AttentionRewrite
{
    /// <summary>Where the mask is among the sources of a FLASH_ATTN_EXT: behind q, k and v.</summary>
    private const int MaskSource = 3;

    /// <summary>The masks that nothing but attention of ours uses: that takes them as intervals, where they are like this.</summary>
    public static HashSet<TracedTensor> MasksTakenAsIntervals(TracedGraph graph)
    {
        var masks = graph.Leaves.Where(leaf => leaf.Mask is not null).ToHashSet();
        foreach (var node in graph.Nodes)
            foreach (var (index, source) in node.Sources.Index())
                if (index != MaskSource || node.Op != GgmlOp.FlashAttnExt || !Attention.Takes(node))
                    masks.Remove(source!);
        return masks;
    }

    /// <summary>Null where arguments are laid out in a way that our kernel does not take.</summary>
    public static TensorPtr TryEmit(NodeToEmit place)
    {
        var (builder, node, sources, valueOf) = (place.Builder, place.Node, place.Sources, place.ValueOf);
        if (node.Op != GgmlOp.FlashAttnExt)
            return default;
        var (k, v) = (node.Sources[1]!, node.Sources[2]!);
        var (q, keys, values) = (sources[0], sources[1], sources[2]);
        var (mask, sinks) = (sources.Length > MaskSource ? sources[MaskSource] : default, sources.Length > 4 ? sources[4] : default);
        var rounds = false;
        if (Unrounded(k) is { } wholeKeys && Unrounded(v) is { } wholeValues && !valueOf(wholeKeys).IsNull && !valueOf(wholeValues).IsNull)
            (rounds, k, v, keys, values) = (true, wholeKeys, wholeValues, valueOf(wholeKeys), valueOf(wholeValues));

        // Behind the last token there are cells that the mask hides: where both can do without, so can attention.
        if (!mask.IsNull && Unpadded(builder, k, valueOf) is { IsNull: false } shortKeys && Unpadded(builder, v, valueOf) is { IsNull: false } shortValues)
            (keys, values) = (shortKeys, shortValues);
        var options = new AttentionOptions(node.FloatParam(0), node.FloatParam(1), node.FloatParam(2), rounds)
        {
            Biases = mask.IsNull ? null : node.Sources[MaskSource]!.Mask?.Biases,
        };
        return Attention.TryEmit(builder, options, Float(q), Float(keys), Float(values), mask, sinks);

        TensorPtr Float(TensorPtr tensor) => builder.Cast(tensor, GgmlType.F32);
    }

    /// <summary>What a copy from F32 to F16 is a copy of.</summary>
    private static TracedTensor? Unrounded(TracedTensor tensor) =>
        tensor is { Op: GgmlOp.Cpy, Type: GgmlType.F16, Sources: [{ Type: GgmlType.F32 } source, ..] } && source.Shape == tensor.Shape ? source : null;

    /// <summary>
    /// A view [K, N, G] of rows that were filled up to N cells, as the same view of the rows alone; null if it is anything else.
    /// </summary>
    private static TensorPtr Unpadded(GraphBuilder builder, TracedTensor view, Func<TracedTensor, TensorPtr> valueOf)
    {
        if (view is not { ViewSource: { Op: GgmlOp.Pad, Type: GgmlType.F32, Sources: [{ } source] } pad }
            || view.Strides[0] != sizeof(float) || view.Strides[1] != pad.Strides[1] || view.Shape.Ne1 != pad.Shape.Ne1
            || pad.OpParams.Where((count, i) => i != 3 && count != 0).Any() || view.ViewOffset >= pad.Strides[1])
            return default;
        var rows = valueOf(source);
        if (rows.IsNull || rows.Shape.Rows != rows.Ne(1))
            return default;
        return builder.View(
            builder.Contiguous(rows), view.Shape with { Ne1 = rows.Ne(1) }, view.Strides[1], view.Strides[2], view.Strides[3], view.ViewOffset);
    }
}
