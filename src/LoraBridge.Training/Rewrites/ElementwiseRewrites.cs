using LoraBridge.Formats;
using LoraBridge.Training.Graphs;
using LoraBridge.Native;
using LoraBridge.Training.Autodiff.Ops;

namespace LoraBridge.Training.Rewrites;

/// <summary>Emits functions of single elements that ggml computes on one thread as <see cref="Elementwise"/>, on all threads.</summary>
internal static class ElementwiseRewrite
{
    public static TensorPtr TryEmit(NodeToEmit place) => Elementwise.For(place.Node) is { } function && Elementwise.Takes(place.Sources[0])
        ? place.Builder.Custom(function, place.Form.Shape, place.Sources[0])
        : default;
}

/// <summary>Emits a norm and the product with its frozen weight, where nothing else uses the norm, as <see cref="WeightedRmsNorm"/>.</summary>
internal sealed class WeightedNormRewrite
{
    private readonly HashSet<TracedTensor> _products;

    /// <param name="graph">The recorded graph.</param>
    /// <param name="trainable">Leaves that training changes.</param>
    public WeightedNormRewrite(TracedGraph graph, IEnumerable<TracedTensor> trainable)
    {
        var uses = graph.Nodes.SelectMany(node => node.Sources).OfType<TracedTensor>().CountBy(source => source).ToDictionary();
        var trained = trainable.ToHashSet();
        _products = [.. graph.Nodes.Where(node =>
            node is { Op: GgmlOp.Mul, Sources: [{ Op: GgmlOp.RmsNorm } norm, { Type: GgmlType.F32, IsWeight: true } weight] }
            && !trained.Contains(weight) && weight.Shape == new Shape(norm.Shape.Ne0) && uses[norm] == 1)];
    }

    public TensorPtr TryEmit(NodeToEmit place)
    {
        var (node, sources) = (place.Node, place.Sources);
        return _products.Contains(node) && !place.ValueOf(node.Sources[0]!).IsNull && sources[0].Source(0).IsContiguous
            ? place.Builder.Custom(new WeightedRmsNorm(node.Sources[0]!.FloatParam(0)), place.Form.Shape, sources[0].Source(0), sources[1])
            : default;
    }
}
