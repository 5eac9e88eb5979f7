namespace LoraBridge.Model;

/// <summary>How far an operation has come that needs no more detail than that.</summary>
/// <param name="Stage">What is being done, for people to read.</param>
/// <param name="Fraction">The part of the operation that is done, 0 to 1; null where that is not known.</param>
public sealed record OperationProgress(string Stage, double? Fraction = null);
