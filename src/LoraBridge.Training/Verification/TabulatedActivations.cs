using LoraBridge.Training.Graphs;

namespace LoraBridge.Training.Verification;

/// <summary>Activations that ggml's CPU looks up in a table of F16 values, where its inference is a step function.</summary>
internal static class TabulatedActivations
{
    /// <summary>Whether any node of the graph is one.</summary>
    public static bool AreUsed(GraphParts parts) => Nodes(parts).Any(IsTabulated);

    /// <summary>Names of the B whose products reach such an activation before any other function.</summary>
    public static IReadOnlySet<string> FeedingAdapters(GraphParts parts)
    {
        var names = new HashSet<string>();
        var seen = new HashSet<TracedTensor>();
        foreach (var node in Nodes(parts).Where(IsTabulated))
            // Of a gated unit with two arguments only the first goes through the activation.
            Collect(node.Sources[0]!);
        return names;

        void Collect(TracedTensor tensor)
        {
            if (!seen.Add(tensor))
                return;
            if (tensor.Op is GgmlOp.MulMat or GgmlOp.MulMatId)
            {
                if (tensor.Sources[0]!.Name.EndsWith(LoraPair.BSuffix, StringComparison.Ordinal))
                    names.Add(tensor.Sources[0]!.Name);
            }
            else if (tensor.Op.IsView || tensor.Op is GgmlOp.Add or GgmlOp.AddId or GgmlOp.Mul or GgmlOp.Scale or GgmlOp.Cont)
                foreach (var source in tensor.Sources)
                    if (source is not null)
                        Collect(source);
        }
    }

    private static IEnumerable<TracedTensor> Nodes(GraphParts parts) => parts.Layers.SelectMany(layer => layer).Concat(parts.Head);

    private static bool IsTabulated(TracedTensor node) => node.Op switch
    {
        GgmlOp.Unary => (GgmlUnaryOp)node.OpParams[0] is GgmlUnaryOp.Gelu or GgmlUnaryOp.GeluQuick,
        GgmlOp.Glu => (GgmlGluOp)node.OpParams[0] is GgmlGluOp.Geglu or GgmlGluOp.GegluQuick,
        _ => false,
    };
}
