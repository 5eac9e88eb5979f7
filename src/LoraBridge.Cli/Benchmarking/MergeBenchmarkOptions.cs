using LoraBridge.Finetuning;

namespace LoraBridge.Cli.Benchmarking;

/// <summary>What <see cref="MergeBenchmark"/> measures.</summary>
public sealed record MergeBenchmarkOptions
{
    /// <summary>The types of the written tensors.</summary>
    public MergeOutputType OutputType { get; init; } = MergeOutputType.Keep;

    /// <summary>Times that the merge is measured; the median counts.</summary>
    public int Repetitions { get; init; } = 3;

    /// <summary>Rank of the adapter.</summary>
    public int Rank { get; init; } = 8;

    /// <summary>What the adapter adapts.</summary>
    public LoraTargetModules TargetModules { get; init; } = LoraTargetModules.AllLinear;

    /// <summary>Threads that compute; null takes the processor's physical cores.</summary>
    public int? Threads { get; init; }
}
