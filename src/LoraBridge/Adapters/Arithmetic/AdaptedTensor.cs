namespace LoraBridge.Finetuning;

/// <summary>A weight that a written adapter adapts.</summary>
/// <param name="Name">The weight.</param>
/// <param name="Rank">R of its matrices.</param>
/// <param name="RetainedEnergy">
/// Part of the squared Frobenius norm of the exact change that the matrices keep, 0 to 1. 1 where nothing was cut off.
/// </param>
public sealed record AdaptedTensor(string Name, int Rank, double RetainedEnergy);
