namespace LoraBridge.Finetuning;

/// <summary>How several adapters become one.</summary>
public enum AdapterCombination
{
    /// <summary>The exact sum: the matrices side by side, the rank is the sum of the ranks.</summary>
    Concatenate,

    /// <summary>The sum, cut to a rank by its singular values: the best approximation of that rank.</summary>
    Svd,

    /// <summary>
    /// The sum of the A's and the sum of the B's, each times the square root of its weight. Adapters of one rank keep it; the product
    /// has cross terms, so that the result is no sum of adapters. Known from PEFT as <c>linear</c>.
    /// </summary>
    Linear,
}
