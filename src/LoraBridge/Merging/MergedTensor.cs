using LoraBridge.Formats;

namespace LoraBridge.Finetuning;

/// <summary>A tensor that adapters were merged into.</summary>
/// <param name="Name">The tensor.</param>
/// <param name="SourceType">The type it has in the base.</param>
/// <param name="OutputType">The type it was merged to; a recipe of llama.cpp may have quantised it further.</param>
/// <param name="RelativeChange">Relative size of the update: |ΔW| / |W|, Frobenius norms.</param>
/// <param name="QuantizationError">
/// Relative error of rounding to <paramref name="OutputType"/>: |stored - exact| / |exact|, Frobenius norms. 0 for F32.
/// </param>
public sealed record MergedTensor(
    string Name, GgmlType SourceType, GgmlType OutputType, double RelativeChange, double QuantizationError);
