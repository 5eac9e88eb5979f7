using LoraBridge.Graphs;
using LoraBridge.Native;

namespace LoraBridge.Training.Verification;

/// <summary>Activations that ggml's CPU looks up in a table of F16 values, where its inference is a step function.</summary>
internal static class TabulatedActivations
{
    /// <summary>Whether any node of the graph is one.</summary>
    public static bool AreUsed(GraphParts parts) => Nodes(parts).Any(IsTabulated);

    private static IEnumerable<TracedTensor> Nodes(GraphParts parts) => parts.Layers.SelectMany(layer => layer).Concat(parts.Head);

    private static bool IsTabulated(TracedTensor node) => node.Op switch
    {
        GgmlOp.Unary => (GgmlUnaryOp)node.OpParams[0] is GgmlUnaryOp.Gelu or GgmlUnaryOp.GeluQuick,
        GgmlOp.Glu => (GgmlGluOp)node.OpParams[0] is GgmlGluOp.Geglu or GgmlGluOp.GegluQuick,
        _ => false,
    };
}
