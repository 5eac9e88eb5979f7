namespace LoraBridge.Training;

/// <summary>What one step did.</summary>
/// <param name="Step">Its number, from 0.</param>
/// <param name="Loss">Mean cross entropy in nats of its predictions, before the update.</param>
/// <param name="GradientNorm">Length of the gradient before clipping.</param>
/// <param name="LearningRate">The rate of its update.</param>
/// <param name="Tokens">Predictions that counted.</param>
internal readonly record struct StepOutcome(int Step, double Loss, double GradientNorm, float LearningRate, int Tokens);
