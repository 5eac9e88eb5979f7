namespace LoraBridge.Finetuning;

/// <summary>What <see cref="AdapterConversion"/> has written.</summary>
/// <param name="Path">The file, or the folder.</param>
/// <param name="TensorCount">LoRA matrices of the GGUF adapter that were converted, two for each weight.</param>
/// <param name="Rank">The rank; the largest when weights differ.</param>
/// <param name="Alpha">The alpha that is stated; products count alpha / rank times.</param>
/// <param name="Skipped">What was not converted: modules that the target cannot hold, whose effect is lost, and copies of base weights, which have none.</param>
public sealed record AdapterConversionResult(string Path, int TensorCount, int Rank, float Alpha, IReadOnlyList<string> Skipped);
