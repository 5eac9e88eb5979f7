namespace LoraBridge.Training;

/// <summary>A loss or a gradient is infinite or not a number: going on would destroy what has been learnt.</summary>
internal sealed class TrainingDivergedException(int step, double loss, double gradientNorm) : Exception(
    $"Step {step + 1} has loss {loss} and gradient norm {gradientNorm}. Lower the learning rate, lengthen the warm-up, or clip gradients.")
{
    public int Step { get; } = step;
}
