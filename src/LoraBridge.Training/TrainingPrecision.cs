namespace LoraBridge.Finetuning;

/// <summary>
/// How products with the model's weights are computed in training. Everything else, the branches of adapters of rank 128 or less among it, is
/// always computed in 32-bit floats.
/// </summary>
public enum TrainingPrecision
{
    /// <summary>As inference computes them, with activations rounded to 8 bits where weights are quantised; gradients in 32-bit floats.</summary>
    Exact,

    /// <summary>
    /// Forward and backward in integers of 12 bits with a scale for every 256 elements: gradients differ from exact ones by less than
    /// 5e-3 of their length. On a processor without the instructions for it, the same as <see cref="Exact"/>.
    /// </summary>
    Balanced,

    /// <summary>
    /// As <see cref="Balanced"/>, but gradients through a copy of the weights in 8 bits, where memory allows to keep one: they
    /// differ by less than 2e-2.
    /// </summary>
    Fast,
}
