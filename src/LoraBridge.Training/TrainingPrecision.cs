namespace LoraBridge.Finetuning;

/// <summary>
/// How products with the model's weights are computed in training. Everything else, the branches of adapters of rank 128 or less among it, is
/// always computed in 32-bit floats.
/// </summary>
public enum TrainingPrecision
{
    /// <summary>In 32-bit floats (F32), forward and backward: for comparison with other computations.</summary>
    Exact,

    /// <summary>
    /// Forward and backward in integers of 12 bits with a scale for every 256 elements. The gradient of a matrix differs from the exact one
    /// by less than 5e-3 of its norm on random weights, and by 1e-2 to 6e-2 in the worst matrix of the models that ship. On a processor
    /// without the instructions for it, the same as <see cref="Exact"/>.
    /// </summary>
    Balanced,

    /// <summary>
    /// Forward in integers of 8 bits with a scale for every 256 elements, as llama.cpp's inference rounds activations, backward as
    /// <see cref="Balanced"/>. The gradient of a matrix differs from the exact one by less than 6e-2 of its norm on random weights, and by
    /// 5e-2 to 0.12 in the worst matrix of the models that ship. Faster on processors with 8-bit dot products (AVX-512 VNNI, AVX-VNNI), as
    /// fast as <see cref="Balanced"/> on others.
    /// </summary>
    Fast,
}
