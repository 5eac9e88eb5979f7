namespace LoraBridge.Model;

/// <summary>How far a model is loaded.</summary>
/// <param name="Path">The file.</param>
/// <param name="Fraction">Share of the weights that are loaded, 0 to 1.</param>
public readonly record struct ModelLoadingProgress(string Path, double Fraction);
