using static System.FormattableString;

namespace LoraBridge.Training;

/// <summary>A loss or a gradient is infinite or not a number: going on would destroy what has been learnt.</summary>
/// <param name="step">The update that could not be made, from 0.</param>
/// <param name="loss">The mean loss of its rows.</param>
/// <param name="gradientNorm">The length of its gradient.</param>
/// <param name="isGood">Whether the parameters are now the last ones that gave a finite loss.</param>
internal sealed class TrainingDivergedException(int step, double loss, double gradientNorm, bool isGood) : Exception(
    Invariant($"Step {step + 1} has loss {loss} and gradient norm {gradientNorm}. Lower the learning rate, lengthen the warm-up, or clip gradients."))
{
    public int Step { get; } = step;

    public bool IsGood { get; } = isGood;
}
