using LoraBridge.Model;

namespace LoraBridge.Finetuning;

/// <summary>Settings of <see cref="GradientCheck"/>.</summary>
public sealed record GradientCheckOptions
{
    /// <summary>T, tokens of the row that is checked. Finite differences cost dozens of decodes of it for each tensor.</summary>
    public int ContextLength { get; init; } = 32;

    /// <summary>Rank of the random adapter.</summary>
    public int Rank { get; init; } = 8;

    /// <summary>Weights to adapt.</summary>
    public LoraTargetModules TargetModules { get; init; } = LoraTargetModules.AllLinear;

    /// <summary>At most this many tensors are compared with finite differences, spread evenly over the model.</summary>
    public int MaximumTensors { get; init; } = 128;

    /// <summary>The precision whose gradients are compared with exact ones; exact ones themselves are always compared with finite differences.</summary>
    public TrainingPrecision Precision { get; init; } = TrainingPrecision.Exact;

    /// <summary>Seed of the random adapter and row.</summary>
    public ulong Seed { get; init; }

    /// <summary>
    /// Where to compute the gradients that are compared with exact ones, as a training there would; null is the CPU. Exact ones are always computed
    /// on the CPU.
    /// </summary>
    public DeviceConfiguration? Device { get; init; }

    /// <summary>Threads; null takes the physical cores this process may use.</summary>
    public int? Threads { get; init; }
}
