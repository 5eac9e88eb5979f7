namespace LoraBridge.Model;

/// <summary>The progress of an operation that reports no further detail.</summary>
/// <param name="Stage">What is being done, as readable text.</param>
/// <param name="Fraction">The part of the operation that is done, 0 to 1; null where that is not known.</param>
public sealed record OperationProgress(string Stage, double? Fraction = null);
