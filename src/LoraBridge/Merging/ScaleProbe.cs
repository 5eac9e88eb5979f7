using LoraBridge.Adapters;
using LoraBridge.Formats;
using LoraBridge.Training.Graphs;
using LoraBridge.Model;
using LoraBridge.Native;

namespace LoraBridge.Merging;

/// <summary>
/// Asks the live graph which weights are multiplied by a scale before an adapter's branch is added: an adapter of rank one and of
/// zeros is loaded for them, and the graph of one token recorded.
/// </summary>
internal static class ScaleProbe
{
    private const string ScaleSuffix = ".scale";

    /// <returns>
    /// For each weight the names of the scales that come before the branch, null where none does. There are several where the graph
    /// multiplies by the weight more than once.
    /// </returns>
    internal static ILookup<string, string?> Trace(
        GgufModelFiles model, IReadOnlyList<string> targets, CancellationToken cancellationToken)
    {
        using var folder = new ScratchFolder();
        var path = folder["probe.gguf"];
        WriteAdapter(model, targets, path);
        using var handle = ModelLoader.Load(model, new NativeLoadOptions { UseExtraBuffers = false }, null, cancellationToken);
        using var adapter = LlamaAdapters.Load(handle, path);
        var graph = GraphTracer.TraceStructure(handle, adapter);
        return Find(graph);
    }

    private static void WriteAdapter(GgufModelFiles model, IReadOnlyList<string> targets, string path)
    {
        var writer = new GgufWriter(new GgufMetadata()
            .Set("general.type", "adapter")
            .Set("general.architecture", model.Metadata.GetString("general.architecture"))
            .Set("adapter.type", "lora")
            .Set("adapter.lora.alpha", 1f));
        foreach (var target in targets)
        {
            var (a, b) = LoraPair.ShapesFor(target, model.Find(target)!.Info.Shape.AsSpan(), rank: 1);
            AddZeros(writer, target + LoraPair.ASuffix, a);
            AddZeros(writer, target + LoraPair.BSuffix, b);
        }

        writer.Save(path);
    }

    private static void AddZeros(GgufWriter writer, string name, long[] shape) =>
        writer.AddTensor(name, GgmlType.F32, shape, new byte[sizeof(float) * shape.Aggregate(1L, (product, n) => product * n)]);

    private static ILookup<string, string?> Find(TracedGraph graph)
    {
        var users = graph.Nodes
            .SelectMany(node => node.Sources.OfType<TracedTensor>().Distinct(), (node, source) => (Source: source, User: node))
            .ToLookup(pair => pair.Source, pair => pair.User);
        return graph.Nodes
            .Where(node => node is { Op: GgmlOp.MulMat or GgmlOp.MulMatId } && node.Sources[0] is { IsWeight: true })
            .Select(product => (Product: product, Scale: ScaleBeforeBranch(product, users)))
            .Where(pair => pair.Scale is not null || HasBranch(pair.Product, users))
            .Select(pair => (Weight: pair.Product.Sources[0]!.Name, pair.Scale))
            .Distinct()
            .ToLookup(pair => pair.Weight, pair => pair.Scale, StringComparer.Ordinal);
    }

    /// <summary>Follows a product: first multiplied by a scale, then added to a branch.</summary>
    private static string? ScaleBeforeBranch(TracedTensor product, ILookup<TracedTensor, TracedTensor> users)
    {
        foreach (var scaled in users[product].Where(node => node.Op == GgmlOp.Mul))
        {
            var scale = LeafOf(Other(scaled, product));
            if (scale is not null && scale.EndsWith(ScaleSuffix, StringComparison.Ordinal) && HasBranch(scaled, users))
                return scale;
        }

        return null;
    }

    private static bool HasBranch(TracedTensor tensor, ILookup<TracedTensor, TracedTensor> users) =>
        users[tensor].Any(node => node.Op == GgmlOp.Add && IsBranch(Other(node, tensor)));

    private static TracedTensor? Other(TracedTensor node, TracedTensor source) => ReferenceEquals(node.Sources[0], source) ? node.Sources[1] : node.Sources[0];

    /// <summary>The name of the leaf that a tensor is a view or a selection of.</summary>
    private static string? LeafOf(TracedTensor? tensor)
    {
        while (tensor is { IsLeaf: false, Op: GgmlOp.Reshape or GgmlOp.View or GgmlOp.Repeat or GgmlOp.GetRows })
            tensor = tensor.Sources[0];
        return tensor?.Name;
    }

    private static bool IsBranch(TracedTensor? tensor) =>
        tensor is { Op: GgmlOp.Scale }
        && tensor.Sources[0] is { Op: GgmlOp.MulMat or GgmlOp.MulMatId } product
        && product.Sources[0]!.Name.EndsWith(LoraPair.BSuffix, StringComparison.Ordinal);
}
