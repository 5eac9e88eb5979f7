using LoraBridge.Formats;
using LoraBridge.Training.Graphs;
using LoraBridge.Native;
using LoraBridge.Training.Autodiff.Ops;

namespace LoraBridge.Training.Rewrites;

/// <summary>
/// Emits products with weights, and an adapter's branch, which llama.cpp computes as MUL_MAT, MUL_MAT, SCALE and ADD, as <see cref="Linear"/>. What was
/// emitted for the steps between is not used then, and so never computed.
/// </summary>
internal sealed class LinearRewrite
{
    /// <summary>From here on blocks of general products are full.</summary>
    private const int LargestRank = 128;

    private readonly LinearPrecision? _precision;
    private readonly HashSet<TracedTensor> _trainable;
    private readonly HashSet<TracedTensor> _projections = [];
    private readonly Dictionary<TracedTensor, Branch> _branches = [];

    /// <param name="graph">The recorded graph.</param>
    /// <param name="trainable">Leaves that training changes.</param>
    /// <param name="precision">How to compute products with weights; null computes them as inference does.</param>
    public LinearRewrite(TracedGraph graph, IEnumerable<TracedTensor> trainable, LinearPrecision? precision)
    {
        (_precision, _trainable) = (precision, [.. trainable]);
        var uses = graph.Nodes.SelectMany(node => node.Sources).OfType<TracedTensor>().CountBy(source => source).ToDictionary();
        foreach (var node in graph.Nodes)
            if (BranchOf(node, uses) is { } branch)
            {
                _branches.Add(node, branch);
                _projections.Add(branch.Projection);
            }
    }

    public TensorPtr TryEmit(NodeToEmit place)
    {
        var (builder, node, sources) = (place.Builder, place.Node, place.Sources);
        if (_branches.TryGetValue(node, out var branch) && place.ValueOf(branch.Projection) is { IsNull: false } h && Linear.IsProjection(builder, h))
        {
            var owns = branch.OwnsProduct && !place.ValueOf(branch.Product).IsNull;
            return Linear.Adapt(builder, sources[0], owns, place.ValueOf(branch.Factor), h, branch.Scale);
        }
        if (_projections.Contains(node))
            return Linear.Project(builder, sources[0], sources[1]);
        if (_precision is null || node.Op is not (GgmlOp.MulMat or GgmlOp.MulMatId) || !node.Sources[0]!.IsWeight || !Linear.Takes(sources[0], sources[1]))
            return default;
        var isMatrix = sources[0].Shape.Rows == sources[0].Ne(1);
        if (node.Op == GgmlOp.MulMat)
            return isMatrix ? Linear.Emit(builder, _precision, sources[0], sources[1]) : default;
        return _trainable.Contains(node.Sources[0]!) ? default : Linear.Emit(builder, _precision, sources[0], sources[1], sources[2]);
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

    private bool IsFactor(TracedTensor leaf) => _trainable.Contains(leaf) && leaf.Type == GgmlType.F32 && leaf.Shape.Rows == leaf.Shape.Ne1;

    private sealed record Branch(TracedTensor Product, bool OwnsProduct, TracedTensor Factor, TracedTensor Projection, float Scale);
}
