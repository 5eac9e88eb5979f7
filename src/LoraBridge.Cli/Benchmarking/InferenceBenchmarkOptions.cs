using LoraBridge.Finetuning;

namespace LoraBridge.Cli.Benchmarking;

/// <summary>What <see cref="InferenceBenchmark"/> measures.</summary>
public sealed record InferenceBenchmarkOptions
{
    /// <summary>Tokens of the prompt.</summary>
    public int PromptTokens { get; init; } = 256;

    /// <summary>Tokens generated after it.</summary>
    public int GeneratedTokens { get; init; } = 32;

    /// <summary>Times that each is measured; the median counts.</summary>
    public int Repetitions { get; init; } = 3;

    /// <summary>Rank of the adapter.</summary>
    public int Rank { get; init; } = 8;

    /// <summary>What the adapter adapts.</summary>
    public LoraTargetModules TargetModules { get; init; } = LoraTargetModules.AllLinear;
}
