using LoraBridge.Formats;
using LoraBridge.Training.Graphs;
using LoraBridge.Native;
using LoraBridge.Training.Autodiff.Ops;

namespace LoraBridge.Training;

/// <summary>
/// Puts dropout in front of each adapter's A, with a choice of its own for each, and noise behind the embedding of the tokens. Only
/// graphs that are trained have either.
/// </summary>
/// <param name="inner">How nodes are emitted otherwise.</param>
/// <param name="noise">How much, and which.</param>
/// <param name="trainable">Leaves that training changes.</param>
internal sealed class NoiseLowering(INodeLowering inner, RowNoise noise, IReadOnlyList<TracedTensor> trainable) : INodeLowering
{
    private readonly Dictionary<TracedTensor, ulong> _streams = trainable.Index()
        .Where(leaf => leaf.Item.Name.EndsWith(LoraPair.ASuffix, StringComparison.Ordinal))
        .ToDictionary(leaf => leaf.Item, leaf => (ulong)leaf.Index);

    public TensorPtr TryEmit(GraphBuilder builder, TracedTensor node, ReadOnlySpan<TensorPtr> sources, Func<TracedTensor, TensorPtr> valueOf)
    {
        if (noise.EmbeddingNoise > 0 && IsEmbedding(node))
            return builder.Custom(new EmbeddingNoise(noise), node.Shape, builder.Copy(node, sources, default));
        if (noise.Dropout == 0 || node.Op is not (GgmlOp.MulMat or GgmlOp.MulMatId) || !_streams.TryGetValue(node.Sources[0]!, out var stream))
            return inner.TryEmit(builder, node, sources, valueOf);

        TensorPtr[] dropped = [.. sources];
        dropped[1] = builder.Custom(new Dropout(noise, stream), sources[1].Shape, builder.Contiguous(sources[1]));
        var emitted = inner.TryEmit(builder, node, dropped, valueOf);
        return emitted.IsNull ? builder.Copy(node, dropped, default) : emitted;
    }

    private static bool IsEmbedding(TracedTensor node) =>
        node.Op == GgmlOp.GetRows && node.Sources is [{ Name: TensorNames.TokenEmbedding }, { HoldsTokens: true }, ..];
}
