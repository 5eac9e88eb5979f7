namespace LoraBridge.Finetuning;

/// <summary>One adapted weight of an adapter that was written.</summary>
/// <param name="Name">The weight.</param>
/// <param name="Rank">R, the rank of its matrices.</param>
/// <param name="RetainedEnergy">
/// The fraction of the exact update's squared Frobenius norm that the matrices retain, 0 to 1; 1 if nothing was truncated.
/// </param>
public sealed record AdaptedTensor(string Name, int Rank, double RetainedEnergy);
