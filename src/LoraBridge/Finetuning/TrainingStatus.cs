namespace LoraBridge.Finetuning;

/// <summary>How a training ended.</summary>
public enum TrainingStatus
{
    /// <summary>All updates were made.</summary>
    Completed,

    /// <summary><see cref="LoraFinetuning.RequestStop"/> was called; the adapter as trained so far is written.</summary>
    Stopped,

    /// <summary>The cancellation token was cancelled; no adapter is written. A checkpoint is saved where there is a directory for it.</summary>
    Cancelled,

    /// <summary>The validation loss fell no further; the best adapter is written.</summary>
    EarlyStopped,
}
