namespace LoraBridge.Finetuning;

/// <summary>
/// How products with the model's weights are computed in training. Everything else, the branches of adapters of rank 128 or less among it, is
/// always computed in 32-bit floats.
/// </summary>
public enum TrainingPrecision
{
    /// <summary>In 32-bit floats, forward and backward: to compare with other computations.</summary>
    Exact,

    /// <summary>
    /// Forward and backward in integers of 12 bits with a scale for every 256 elements: gradients differ from exact ones by less than
    /// 5e-3 of their length. On a processor without the instructions for it, the same as <see cref="Exact"/>.
    /// </summary>
    Balanced,

    /// <summary>
    /// Forward in integers of 8 bits with a scale for every 256 elements, as llama.cpp's inference rounds activations, backward as
    /// <see cref="Balanced"/>: gradients differ from exact ones by less than 6e-2 of their length. Faster on processors that multiply
    /// bytes (AVX-512 VNNI, AVX-VNNI), as fast as <see cref="Balanced"/> on others.
    /// </summary>
    Fast,
}
