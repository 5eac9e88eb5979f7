using LoraBridge.Formats;
using LoraBridge.Training.Graphs;
using LoraBridge.Native;
using LoraBridge.Training.Autodiff.Ops;
using LoraBridge.Training.Kernels.Cpu;

namespace LoraBridge.Training;

/// <summary>
/// Chooses how products are computed: those with weights by precision, and an adapter's branch, which llama.cpp computes as
/// MUL_MAT, MUL_MAT, SCALE and ADD, as two operations made for small ranks, or together with the weight's product; attention by a
/// kernel that has a gradient; a norm together with its weight. What ggml computes on one thread is computed on all.
/// </summary>
internal sealed class ProductLowering : INodeLowering
{
    /// <summary>From here on blocks of general products are full.</summary>
    private const int LargestRank = 128;

    /// <summary>For weights that are trained: a copy of them would be out of date after the next update.</summary>
    private static readonly FixedPointMatMul Uncached = new();

    private readonly FixedPointMatMul? _fixedPoint;
    private readonly PanelCache? _cache;
    private readonly HashSet<TracedTensor> _trainable;
    private readonly HashSet<TracedTensor> _projections = [];
    private readonly HashSet<TracedTensor> _weightedNorms = [];
    private readonly Dictionary<TracedTensor, Branch> _branches = [];

    /// <param name="graph">The recorded graph.</param>
    /// <param name="trainable">Leaves that training changes.</param>
    /// <param name="fixedPoint">How to compute products with weights that are frozen; null computes all as inference does.</param>
    /// <param name="cache">Where gradients find those weights in 8 bits, if they are kept so.</param>
    public ProductLowering(TracedGraph graph, IEnumerable<TracedTensor> trainable, FixedPointMatMul? fixedPoint, PanelCache? cache = null)
    {
        (_fixedPoint, _cache) = (fixedPoint, cache);
        _trainable = [.. trainable];
        CacheBytes = fixedPoint?.CacheBytes(
            graph.Nodes.Where(node => node.Op == GgmlOp.MulMat).Select(node => node.Sources[0]!).Distinct().Where(IsFrozen).Select(weight => weight.Weight)) ?? 0;
        var uses = graph.Nodes.SelectMany(node => node.Sources).OfType<TracedTensor>().CountBy(source => source).ToDictionary();
        foreach (var node in graph.Nodes)
            if (BranchOf(node, uses) is { } branch)
            {
                _branches.Add(node, branch);
                _projections.Add(branch.Projection);
            }
            else if (IsWeightedNorm(node, uses))
            {
                _weightedNorms.Add(node);
            }
    }

    /// <summary>Bytes of the copies of frozen weights that gradients are computed with, once all are made.</summary>
    public long CacheBytes { get; }

    public TensorPtr TryEmit(GraphBuilder builder, TracedTensor node, ReadOnlySpan<TensorPtr> sources, Func<TracedTensor, TensorPtr> valueOf)
    {
        if (_branches.TryGetValue(node, out var branch) && valueOf(branch.Projection) is { IsNull: false } projection)
            return Emit(builder, node.Shape, branch, sources[0], projection, valueOf);
        if (Elementwise.For(node) is { } function && Elementwise.Takes(sources[0]))
            return builder.Custom(function, node.Shape, sources[0]);
        if (_weightedNorms.Contains(node) && !valueOf(node.Sources[0]!).IsNull && sources[0].Source(0).IsContiguous)
            return builder.Custom(new WeightedRmsNorm(node.Sources[0]!.FloatParam(0)), node.Shape, sources[0].Source(0), sources[1]);
        if (node.Op == GgmlOp.FlashAttnExt)
            return AttentionLowering.TryEmit(builder, node, sources, valueOf);
        if (node.Op != GgmlOp.MulMat)
            return default;
        if (_projections.Contains(node))
            return builder.Custom(LowRankProduct.Instance, node.Shape, sources[0], builder.Contiguous(sources[1]));
        if (_fixedPoint is null || !node.Sources[0]!.IsWeight || !FixedPointMatMul.Takes(sources[0], sources[1]))
            return default;
        return (IsFrozen(node.Sources[0]!) ? _fixedPoint : Uncached).Emit(builder, sources[0], sources[1]);
    }

    /// <summary>
    /// Emits y = w + s B h. Where w is a fixed-point product of the same x, made for this branch alone, it is computed along with it: what was
    /// emitted for w before is not used then, and so never computed.
    /// </summary>
    private TensorPtr Emit(
        GraphBuilder builder, Shape shape, Branch branch, TensorPtr w, TensorPtr projection, Func<TracedTensor, TensorPtr> valueOf)
    {
        var factor = valueOf(branch.Factor);
        if (branch.OwnsProduct && !valueOf(branch.Product).IsNull && builder.KernelOf(w) == _fixedPoint && _fixedPoint is not null
            && builder.KernelOf(projection) == LowRankProduct.Instance && projection.Source(1) == w.Source(1))
            return new AdaptedMatMul(branch.Scale, _cache).Emit(builder, w, factor, projection);
        return builder.Custom(new LowRankUpdate(branch.Scale), shape, builder.Contiguous(w), factor, builder.Contiguous(projection));
    }

    /// <summary>The branch y = w + s B h that ends in <paramref name="sum"/>, with h = A x, if it is one of matrices of small rank.</summary>
    private Branch? BranchOf(TracedTensor sum, Dictionary<TracedTensor, int> uses)
    {
        if (sum is not { Op: GgmlOp.Add, Sources: [{ } w, { Op: GgmlOp.Scale } scaled] } || w.Shape != sum.Shape || scaled.Shape != sum.Shape || scaled.FloatParam(1) != 0)
            return null;
        if (scaled.Sources[0] is not { Op: GgmlOp.MulMat, Sources: [{ } b, { Op: GgmlOp.MulMat, Sources: [{ } a, _] } h] } product)
            return null;
        var isSmall = IsFactor(b) && IsFactor(a) && b.Shape.Ne0 <= LargestRank && h.Type == GgmlType.F32;
        return isSmall && uses[scaled] == 1 && uses[product] == 1 ? new Branch(w, uses[w] == 1, b, h, scaled.FloatParam(0)) : null;
    }

    private bool IsWeightedNorm(TracedTensor node, Dictionary<TracedTensor, int> uses) =>
        node is { Op: GgmlOp.Mul, Sources: [{ Op: GgmlOp.RmsNorm } norm, { Type: GgmlType.F32 } weight] }
        && IsFrozen(weight) && weight.Shape == new Shape(norm.Shape.Ne0) && uses[norm] == 1;

    private bool IsFrozen(TracedTensor tensor) => tensor.IsWeight && !_trainable.Contains(tensor);

    private bool IsFactor(TracedTensor leaf) => _trainable.Contains(leaf) && leaf.Type == GgmlType.F32 && leaf.Shape.Rows == leaf.Shape.Ne1;

    private sealed record Branch(TracedTensor Product, bool OwnsProduct, TracedTensor Factor, TracedTensor Projection, float Scale);
}
