using LoraBridge.Model;

namespace LoraBridge.Finetuning;

/// <summary>The outcome of a training.</summary>
public sealed record TrainingResult
{
    /// <summary>How it ended.</summary>
    public required TrainingStatus Status { get; init; }

    /// <summary>Updates made, those before a resumed checkpoint included.</summary>
    public required int Steps { get; init; }

    /// <summary>Passes over the data, the fraction of an unfinished one included.</summary>
    public required double Epochs { get; init; }

    /// <summary>Tokens trained on, padding not counted, those before a resumed checkpoint included.</summary>
    public required long TrainTokens { get; init; }

    /// <summary>
    /// Mean cross entropy in nats over the training data (see <see cref="LoraTrainingParameters.LossSampleTokens"/>) before the first update.
    /// </summary>
    public required double FirstLoss { get; init; }

    /// <summary>The same loss over the same data with the adapter that was written; not a number if none was.</summary>
    public required double FinalLoss { get; init; }

    /// <summary>The validation loss of the adapter that was written, or null without validation data.</summary>
    public double? ValidationLoss { get; init; }

    /// <summary>The update that the written adapter is from: the best one with validation data, otherwise the last.</summary>
    public required int BestStep { get; init; }

    /// <summary>Tokens per second, over the time spent on updates.</summary>
    public required double TokensPerSecond { get; init; }

    /// <summary>The total time, without the time before a resumed checkpoint.</summary>
    public required TimeSpan Duration { get; init; }

    /// <summary>Peak memory of this process so far, in bytes; mapped model files count as far as they were read.</summary>
    public required long PeakMemoryBytes { get; init; }

    /// <summary>What computed: llama.cpp's names of the devices, such as <c>CUDA0</c>, or <c>CPU</c>.</summary>
    public required string Device { get; init; }

    /// <summary>Why it computed there: that was asked for, or what was found when nothing was.</summary>
    public string DeviceReason { get; init; } = "";

    /// <summary>What the device left to the CPU: operations that it cannot compute. Empty on the CPU itself.</summary>
    public IReadOnlyList<DeviceFallback> FallbackNodes { get; init; } = [];

    /// <summary>What layers kept for the backward pass, by <see cref="LoraTrainingParameters.Recompute"/> and the memory that was free.</summary>
    public required LayerPlan Layers { get; init; }

    /// <summary>Number of values in the adapter's matrices.</summary>
    public required long TrainableParameters { get; init; }

    /// <summary>
    /// Weights that <see cref="LoraTrainingParameters.TargetModules"/> selects but that were not trained: llama.cpp applies no adapter to
    /// them in this model, or the logits do not depend on them. The adapter does not contain them.
    /// </summary>
    public IReadOnlyList<string> UntrainedTargets { get; init; } = [];

    /// <summary>What differs from the checkpoint that the training resumed from, each with its old and its new value.</summary>
    public IReadOnlyList<string> ResumeChanges { get; init; } = [];

    /// <summary>The adapter, or null when none was written.</summary>
    public string? AdapterPath { get; init; }

    /// <summary>The merged model, if one was asked for.</summary>
    public string? ModelPath { get; init; }

    /// <summary>The newest checkpoint, if one was saved.</summary>
    public string? CheckpointPath { get; init; }
}
