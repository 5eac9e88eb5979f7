using static System.FormattableString;

namespace LoraBridge.Finetuning;

/// <summary>Settings of <see cref="ModelPretraining"/>.</summary>
public sealed record PretrainingParameters
{
    /// <summary>Tokens per row; shorter rows are padded, longer ones are an error.</summary>
    public int ContextLength { get; init; } = 256;

    /// <summary>Rows per update.</summary>
    public int RowsPerStep { get; init; } = 4;

    /// <summary>The highest learning rate, reached after the warm-up.</summary>
    public float LearningRate { get; init; } = 1e-3f;

    /// <summary>Updates during which the learning rate rises.</summary>
    public int WarmupSteps { get; init; } = 100;

    /// <summary>The learning rate at the end of the cosine, as a fraction of the highest.</summary>
    public float FinalRateRatio { get; init; } = 0.05f;

    /// <summary>AdamW's β₁: decay of the running mean of gradients.</summary>
    public float Beta1 { get; init; } = 0.9f;

    /// <summary>AdamW's β₂: decay of the running mean of squared gradients; lower than for fine-tuning, because gradients change faster.</summary>
    public float Beta2 { get; init; } = 0.95f;

    /// <summary>Weight decay of matrices; norms and biases are not decayed.</summary>
    public float WeightDecay { get; init; } = 0.1f;

    /// <summary>Global L2 norm that gradients are clipped to.</summary>
    public float MaxGradientNorm { get; init; } = 1;

    /// <summary>Threads; null takes the physical cores this process may use.</summary>
    public int? Threads { get; init; }

    /// <summary>
    /// How products with the weights are computed. <see cref="TrainingPrecision.Exact"/> takes nearly twice as long;
    /// the others round factors on the way forward, to 12 or 8 bits, and to 12 bits in the gradients of inputs.
    /// </summary>
    public TrainingPrecision Precision { get; init; } = TrainingPrecision.Balanced;

    /// <summary>The folder for checkpoints; created if necessary. Null saves none.</summary>
    public string? CheckpointDirectory { get; init; }

    /// <summary>Updates between two checkpoints.</summary>
    public int CheckpointInterval { get; init; } = 250;

    /// <summary>How many checkpoints are kept; older ones are deleted.</summary>
    public int KeepCheckpoints { get; init; } = 2;

    /// <exception cref="ArgumentOutOfRangeException">A value is out of range; the message names it.</exception>
    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(ContextLength, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(RowsPerStep, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(WarmupSteps);
        ArgumentOutOfRangeException.ThrowIfLessThan(CheckpointInterval, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(KeepCheckpoints, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(Threads ?? 1, 1, nameof(Threads));
        RequireIn(LearningRate, 0, float.MaxValue, nameof(LearningRate));
        RequireIn(FinalRateRatio, 0, 1, nameof(FinalRateRatio));
        RequireIn(Beta1, 0, 0.999999f, nameof(Beta1));
        RequireIn(Beta2, 0, 0.999999f, nameof(Beta2));
        RequireIn(WeightDecay, 0, float.MaxValue, nameof(WeightDecay));
        RequireIn(MaxGradientNorm, 0, float.MaxValue, nameof(MaxGradientNorm));
    }

    private static void RequireIn(float value, float low, float high, string name)
    {
        if (!(value >= low && value <= high))
            throw new ArgumentOutOfRangeException(name, value, Invariant($"{name} is {value}, expected {low} to {high}."));
    }
}
