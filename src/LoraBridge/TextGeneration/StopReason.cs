namespace LoraBridge.TextGeneration;

/// <summary>Why an answer ended.</summary>
public enum StopReason
{
    /// <summary>The model ended it.</summary>
    EndOfTurn,

    /// <summary>A stop sequence came up; it is not part of the text.</summary>
    StopSequence,

    /// <summary>The maximum number of tokens was reached.</summary>
    MaximumTokens,

    /// <summary>The context is full.</summary>
    ContextFull,

    /// <summary>It was cancelled; the text ends there.</summary>
    Cancelled,
}
