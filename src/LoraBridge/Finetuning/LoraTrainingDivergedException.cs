namespace LoraBridge.Finetuning;

/// <summary>The loss or its gradient became infinite or not a number. The message says what to change.</summary>
public sealed class LoraTrainingDivergedException : Exception
{
    internal LoraTrainingDivergedException(int step, string? checkpointPath, Exception cause)
        : base(checkpointPath is null ? cause.Message : $"{cause.Message} The state before this update is in {checkpointPath}.", cause)
    {
        Step = step;
        CheckpointPath = checkpointPath;
    }

    /// <summary>The update that could not be made, from 1.</summary>
    public int Step { get; }

    /// <summary>The checkpoint of the state before it, or null without a checkpoint directory.</summary>
    public string? CheckpointPath { get; }
}
