using LoraBridge.Model;

namespace LoraBridge.Finetuning;

/// <summary>What <see cref="GradientCheck"/> found.</summary>
/// <param name="Architecture">The model's architecture.</param>
/// <param name="ForwardNmse">Normalised squared error of the training graph's logits against those of llama.cpp's inference.</param>
/// <param name="Tensors">Each adapter tensor that was compared with finite differences.</param>
/// <param name="MinCosine">Lowest cosine between a gradient of the chosen precision through the weights as they are stored and an exact one through the same weights in F32; 1 where that is the same.</param>
/// <param name="MaxRelativeL2">Largest relative distance between these gradients; 0 where they are the same.</param>
/// <param name="ZeroGradientTensors">Adapter tensors that get no gradient at all: right only where inference's loss does not change with them either.</param>
/// <param name="UnusedTargets">Weights that were chosen, but not checked: llama.cpp does not apply an adapter to them, or the logits do not vary with it.</param>
/// <param name="Tolerance">Relative error that tensors are allowed: 1e-3, or 1e-2 where the model's inference rounds activations through a table of F16 values.</param>
public sealed record GradientCheckResult(
    string Architecture, double ForwardNmse, IReadOnlyList<GradientCheckTensor> Tensors, double MinCosine, double MaxRelativeL2,
    IReadOnlyList<string> ZeroGradientTensors, IReadOnlyList<string> UnusedTargets, double Tolerance)
{
    /// <summary>The precision whose gradients were checked.</summary>
    public TrainingPrecision Precision { get; init; }

    /// <summary>What computed these gradients: llama.cpp's names of the devices, such as <c>CUDA0</c>, or <c>CPU</c>.</summary>
    public string Device { get; init; } = "CPU";

    /// <summary>What the device left to the CPU: operations that it cannot compute. Empty on the CPU itself.</summary>
    public IReadOnlyList<DeviceFallback> FallbackNodes { get; init; } = [];

    /// <summary>Largest of the tensors' relative errors.</summary>
    public double MaxRelativeError => Tensors.Count == 0 ? 0 : Tensors.Max(tensor => tensor.RelativeError);

    /// <summary>
    /// Whether forward pass, gradients and their precision are all as they should be: <see cref="MaxRelativeL2"/> is below 1e-3 with
    /// <see cref="TrainingPrecision.Exact"/>, 8e-2 with <see cref="TrainingPrecision.Balanced"/> and 0.15 with <see cref="TrainingPrecision.Fast"/>,
    /// and <see cref="MinCosine"/> above 0.99999, 0.997 and 0.99. The limits are a third above the largest errors on the models that ship, random
    /// tokens read by a random adapter: see the benchmarks. On devices, inference rounds as they do, and the limits of
    /// anything but exact are those of <see cref="TrainingPrecision.Fast"/>.
    /// </summary>
    public bool Pass =>
        ForwardNmse < 1e-6 && Tensors.Count > 0 && MaxRelativeError <= Tolerance && MinCosine > Limits.Cosine && MaxRelativeL2 < Limits.Distance
        && ZeroGradientTensors.All(name => Tensors.Any(tensor => tensor.Name == name && tensor.Expected == 0));

    private (double Cosine, double Distance) Limits => Precision switch
    {
        TrainingPrecision.Exact => (0.99999, 1e-3),
        TrainingPrecision.Balanced when Device == "CPU" => (0.997, 8e-2),
        _ => (0.99, 0.15),
    };
}
