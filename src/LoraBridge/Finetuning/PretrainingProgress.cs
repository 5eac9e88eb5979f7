namespace LoraBridge.Finetuning;

/// <summary>The progress of a <see cref="ModelPretraining"/>.</summary>
/// <param name="Step">Updates made.</param>
/// <param name="Steps">Updates in all.</param>
/// <param name="Loss">Mean cross entropy of the last update's rows, in nats, before it.</param>
/// <param name="LearningRate">The last update's rate.</param>
/// <param name="Tokens">Tokens seen.</param>
public readonly record struct PretrainingProgress(int Step, int Steps, double Loss, float LearningRate, long Tokens);
