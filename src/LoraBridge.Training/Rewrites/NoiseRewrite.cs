using LoraBridge.Formats;
using LoraBridge.Training.Graphs;
using LoraBridge.Native;
using LoraBridge.Training.Autodiff.Ops;

namespace LoraBridge.Training.Rewrites;

/// <summary>Puts noise behind the embedding of the tokens (NEFTune). Only graphs that are trained have it.</summary>
/// <param name="noise">How much, and which.</param>
internal sealed class EmbeddingNoiseRewrite(RowNoise noise)
{
    public TensorPtr TryEmit(NodeToEmit place)
    {
        var (builder, node) = (place.Builder, place.Node);
        var isEmbedding = node.Op == GgmlOp.GetRows && node.Sources is [{ Name: TensorNames.TokenEmbedding }, { HoldsTokens: true }, ..];
        return isEmbedding ? builder.Custom(new EmbeddingNoise(noise), node.Shape, builder.Copy(node, place.Sources, default)) : default;
    }
}

/// <summary>Puts dropout in front of each adapter's A, with a choice of its own for each. Only graphs that are trained have it.</summary>
/// <param name="drop">Emits dropout, with the numbers of a stream.</param>
/// <param name="trainable">Leaves that training changes.</param>
internal sealed class DropoutRewrite(Func<GraphBuilder, ulong, TensorPtr, TensorPtr> drop, IReadOnlyList<TracedTensor> trainable)
{
    private readonly Dictionary<TracedTensor, ulong> _streams = trainable.Index()
        .Where(leaf => leaf.Item.Name.EndsWith(LoraPair.ASuffix, StringComparison.Ordinal))
        .ToDictionary(leaf => leaf.Item, leaf => (ulong)leaf.Index);

    public TensorPtr TryEmit(NodeToEmit place)
    {
        var (builder, node, sources) = (place.Builder, place.Node, place.Sources);
        if (node.Op is GgmlOp.MulMat or GgmlOp.MulMatId && _streams.TryGetValue(node.Sources[0]!, out var stream))
            sources[1] = drop(builder, stream, sources[1]);
        return default;
    }
}
