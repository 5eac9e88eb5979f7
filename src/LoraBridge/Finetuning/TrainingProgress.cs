namespace LoraBridge.Finetuning;

/// <summary>
/// The progress of a training; reported after each update and, with another <see cref="Stage"/>, before and between updates, from the
/// training thread.
/// </summary>
public sealed record TrainingProgress
{
    /// <summary>
    /// What the training is doing. In every stage but <see cref="TrainingStage.Training"/>, numbers are those of the last update; before the
    /// first one they are zero or not a number.
    /// </summary>
    public TrainingStage Stage { get; init; } = TrainingStage.Training;

    /// <summary>The fraction of the stage that is done, 0 to 1; null if it is unknown.</summary>
    public double? StageFraction { get; init; }

    /// <summary>The epoch of the update, from 1.</summary>
    public required int Epoch { get; init; }

    /// <summary>Updates made, from 1.</summary>
    public required int Step { get; init; }

    /// <summary>Updates to make in all.</summary>
    public required int TotalSteps { get; init; }

    /// <summary>Mean cross entropy in nats of the tokens of the update's rows, before the update.</summary>
    public required double Loss { get; init; }

    /// <summary>Mean cross entropy of the validation data, when it was measured after this update.</summary>
    public double? ValidationLoss { get; init; }

    /// <summary>The update's learning rate.</summary>
    public required double LearningRate { get; init; }

    /// <summary>The global L2 norm of the gradient, before clipping.</summary>
    public required double GradientNorm { get; init; }

    /// <summary>Tokens trained on per second, on average since training started.</summary>
    public required double TokensPerSecond { get; init; }

    /// <summary>Time since training started.</summary>
    public required TimeSpan Elapsed { get; init; }

    /// <summary>Estimated time until it ends.</summary>
    public required TimeSpan Remaining { get; init; }
}
