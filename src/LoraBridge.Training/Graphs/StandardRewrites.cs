using LoraBridge.Formats;
using LoraBridge.Native;

namespace LoraBridge.Training.Graphs;

/// <summary>The rules that every graph needs: what llama.cpp computes in place, and attention, which has no gradient as one operation.</summary>
internal static class StandardRewrites
{
    /// <summary>In their order. The last one emits nodes as they are.</summary>
    public static IReadOnlyList<Rewrite> All { get; } =
        [Fill, SetRows, View, AttentionByProducts, place => place.Builder.Copy(place.Form, place.Sources, default)];

    private static TensorPtr Fill(NodeToEmit place) =>
        place.Node.Op == GgmlOp.Fill ? place.Builder.Fill(place.Form.Type, place.Form.Shape, place.Form.FloatParam(0)) : default;

    /// <summary>SET_ROWS changes some rows of its target in place: what the others hold must be there first.</summary>
    private static TensorPtr SetRows(NodeToEmit place) =>
        place.Node.Op == GgmlOp.SetRows ? place.Builder.SetRows(place.Sources[2], place.Sources[0], place.Sources[1]) : default;

    /// <summary>A view's offsets and strides are right only where its source lies in memory as it did when the view was recorded.</summary>
    private static TensorPtr View(NodeToEmit place)
    {
        var (view, target) = (place.Form, place.ViewSource);
        if (!view.Op.IsView)
            return default;
        var source = view.ViewSource!;
        for (var i = 0; i < Shape.Dimensions; i++)
            if (source.Shape[i] > 1 && target.Nb(i) != source.Strides[i])
                throw new NotSupportedException(
                    $"{view} looks at {source} with strides [{string.Join(", ", source.Strides)}], which here are contiguous.");
        return place.Builder.Copy(view, place.Sources, target);
    }

    /// <summary>
    /// q [K, T, H], k [K, N, G], v [D, N, G] (strided), mask [N, T], sinks [H] -> [D, H, T], for H query heads in G groups:
    /// p = softmax(cap(scale kᵀq) + mask), y = v p.
    /// </summary>
    private static TensorPtr AttentionByProducts(NodeToEmit place)
    {
        var (builder, node, sources) = (place.Builder, place.Node, place.Sources);
        if (node.Op != GgmlOp.FlashAttnExt)
            return default;
        var (scale, maxBias, softCap) = (node.FloatParam(0), node.FloatParam(1), node.FloatParam(2));
        var (mask, sinks) = (sources.ElementAtOrDefault(3), sources.ElementAtOrDefault(4));
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
