namespace LoraBridge.Finetuning;

/// <summary>How several adapters are combined into one.</summary>
public enum AdapterCombination
{
    /// <summary>The exact sum: matrices are concatenated, and the ranks add up.</summary>
    Concatenate,

    /// <summary>The sum, truncated to a given rank by singular value decomposition: the best approximation of that rank.</summary>
    Svd,

    /// <summary>
    /// Sums the A matrices and the B matrices separately, each weighted by the square root of its scale. The rank, which all adapters must
    /// share, stays the same; the product has cross terms, so the result is not the sum of the adapters. PEFT calls this <c>linear</c>.
    /// </summary>
    Linear,
}
