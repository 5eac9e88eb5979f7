namespace LoraBridge.Finetuning;

/// <summary>What a training did.</summary>
public sealed record TrainingResult
{
    /// <summary>How it ended.</summary>
    public required TrainingStatus Status { get; init; }

    /// <summary>Updates made, those before a resumed checkpoint included.</summary>
    public required int Steps { get; init; }

    /// <summary>Passes over the data, with the part of an unfinished one.</summary>
    public required double Epochs { get; init; }

    /// <summary>Tokens trained on, padding not counted, those before a resumed checkpoint included.</summary>
    public required long TrainTokens { get; init; }

    /// <summary>
    /// Mean cross entropy in nats over the training data (see <see cref="LoraTrainingParameters.LossSampleTokens"/>) before the first update.
    /// </summary>
    public required double FirstLoss { get; init; }

    /// <summary>The same over the same data with the adapter that was written; not a number when none was.</summary>
    public required double FinalLoss { get; init; }

    /// <summary>The validation loss of the adapter that was written, or null without validation data.</summary>
    public double? ValidationLoss { get; init; }

    /// <summary>The update after which the adapter that was written was taken: with validation data the best, otherwise the last.</summary>
    public required int BestStep { get; init; }

    /// <summary>Tokens per second, over the time spent on updates.</summary>
    public required double TokensPerSecond { get; init; }

    /// <summary>The time it took in all, without that before a resumed checkpoint.</summary>
    public required TimeSpan Duration { get; init; }

    /// <summary>The most memory that this process has held so far, in bytes; mapped model files count as far as they were read.</summary>
    public required long PeakMemoryBytes { get; init; }

    /// <summary>What layers kept for the backward pass, by <see cref="LoraTrainingParameters.Recompute"/> and the memory that was free.</summary>
    public required LayerPlan Layers { get; init; }

    /// <summary>Values in the adapter's matrices.</summary>
    public required long TrainableParameters { get; init; }

    /// <summary>
    /// Weights that <see cref="LoraTrainingParameters.TargetModules"/> chose, but that were not trained: llama.cpp applies no adapter to them in this
    /// model, or the logits do not vary with them. The adapter has nothing for them.
    /// </summary>
    public IReadOnlyList<string> UntrainedTargets { get; init; } = [];

    /// <summary>What was otherwise than in the checkpoint that the training went on from, each with what it was and what it is now.</summary>
    public IReadOnlyList<string> ResumeChanges { get; init; } = [];

    /// <summary>The adapter, or null when none was written.</summary>
    public string? AdapterPath { get; init; }

    /// <summary>The merged model, if one was asked for.</summary>
    public string? ModelPath { get; init; }

    /// <summary>The newest checkpoint, if one was saved.</summary>
    public string? CheckpointPath { get; init; }
}
