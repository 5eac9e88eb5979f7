using LoraBridge.Finetuning;

namespace LoraBridge.Cli.Benchmarking;

/// <summary>What <see cref="TrainingBenchmark"/> measures.</summary>
public sealed record TrainingBenchmarkOptions
{
    /// <summary>How to train; context length, rank, targets, precision and recomputation matter.</summary>
    public LoraTrainingParameters Parameters { get; init; } = new();

    /// <summary>Updates that are timed.</summary>
    public int Steps { get; init; } = 5;

    /// <summary>Updates before, which are not: they compile code and fault pages in.</summary>
    public int WarmupSteps { get; init; } = 2;
}
