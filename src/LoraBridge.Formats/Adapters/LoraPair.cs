
namespace LoraBridge.Formats;

/// <summary>
/// The two matrices that adapt one weight, and the one place that knows how they lie. D_in inputs, D_out outputs, R rank, E experts,
/// V vocabulary, D embedding; y = W x + s B (A x).
/// <list type="bullet">
/// <item>A linear layer: W [D_in, D_out], A [D_in, R], B [R, D_out].</item>
/// <item>Stacked experts: W [D_in, D_out, E], A [D_in, R, E], B [R, D_out, E].</item>
/// <item>The token embedding, whose rows are looked up: W [D, V], A [R, V], B [R, D].</item>
/// </list>
/// </summary>
internal sealed record LoraPair(string Target, GgufTensorInfo A, GgufTensorInfo B)
{
    internal const string ASuffix = ".lora_a";
    internal const string BSuffix = ".lora_b";

    /// <summary>R: always the length of B's rows.</summary>
    internal int Rank => checked((int)B.Dimension(0));

    /// <summary>Whether the target is the token embedding, whose A is stored the other way round.</summary>
    internal bool IsTokenEmbedding => IsFlipped(Target);

    /// <summary>E, or 1.</summary>
    internal long Experts => B.Dimension(2);

    /// <summary>Whether A of a target is stored as rows to look up.</summary>
    internal static bool IsFlipped(string target) => target == TensorNames.TokenEmbedding;

    /// <summary>
    /// s: what B (A x) is multiplied by. The adapter's alpha counts per rank; alpha 0 means that it states none.
    /// </summary>
    internal float TrueScale(float scale, float alpha) => alpha != 0 ? scale * alpha / Rank : scale;

    /// <summary>Shapes of A and B for a weight of shape <paramref name="weight"/> in ggml order.</summary>
    internal static (long[] A, long[] B) ShapesFor(string target, ReadOnlySpan<long> weight, int rank)
    {
        if (IsFlipped(target))
            return ([rank, weight[1]], [rank, weight[0]]);
        long outputs = weight.Length > 1 ? weight[1] : 1;
        return weight.Length > 2 && weight[2] > 1
            ? ([weight[0], rank, weight[2]], [rank, outputs, weight[2]])
            : ([weight[0], rank], [rank, outputs]);
    }

    /// <summary>What is wrong with the pair itself, or null.</summary>
    internal string? DescribeFault()
    {
        var rankOfA = A.Dimension(IsTokenEmbedding ? 0 : 1);
        if (rankOfA != B.Dimension(0))
            return $"'{Target}' has rank {rankOfA} in A {Shape(A)} and {B.Dimension(0)} in B {Shape(B)}, expected the same";
        if (A.Dimension(2) != B.Dimension(2) || A.Dimension(3) != 1 || B.Dimension(3) != 1)
            return $"'{Target}' has A {Shape(A)} and B {Shape(B)}, expected the same number of experts";
        return WeightTypes.IsWeight(A.Type) && WeightTypes.IsWeight(B.Type)
            ? null
            : $"'{Target}' has types {A.Type.Name()} and {B.Type.Name()}, expected types that weights can have";
    }

    /// <summary>The shape of a tensor as messages show it.</summary>
    internal static string Shape(GgufTensorInfo tensor) => $"[{string.Join(", ", tensor.Shape)}]";
}
