namespace LoraBridge.Finetuning;

/// <summary>The loss or its gradient became infinite or not a number. The message says what to change.</summary>
public sealed class LoraTrainingDivergedException : Exception
{
    internal LoraTrainingDivergedException(int step, string? adapterPath, string? checkpointPath, Exception cause)
        : base(adapterPath is null ? cause.Message : $"{cause.Message} The last good state is in {adapterPath}: it can be the initial adapter.", cause)
    {
        Step = step;
        AdapterPath = adapterPath;
        CheckpointPath = checkpointPath;
    }

    /// <summary>The update that failed, counted from 1.</summary>
    public int Step { get; }

    /// <summary>
    /// The adapter in its last good state, the one with the lowest validation loss if there is any: a file <c>NAME.last-good.gguf</c> beside the
    /// one that was to be written. Null if it was the first update.
    /// </summary>
    public string? AdapterPath { get; }

    /// <summary>The newest checkpoint, or null if there is none. Resuming from it with the same parameters would diverge again.</summary>
    public string? CheckpointPath { get; }
}
