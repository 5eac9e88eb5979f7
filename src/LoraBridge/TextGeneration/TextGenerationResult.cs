namespace LoraBridge.TextGeneration;

/// <summary>An answer and how it came about.</summary>
public sealed record TextGenerationResult
{
    /// <summary>The answer.</summary>
    public required string Text { get; init; }

    /// <summary>The tokens that were generated, without the one that ended the turn.</summary>
    public required IReadOnlyList<int> Tokens { get; init; }

    /// <summary>Why it ended.</summary>
    public required StopReason StopReason { get; init; }

    /// <summary>Tokens of the text that the model was given.</summary>
    public required int PromptTokenCount { get; init; }

    /// <summary>How many of them had to be read; the others were remembered.</summary>
    public required int ReadTokenCount { get; init; }

    /// <summary>Earlier messages that did not fit into the context and were left out of what the model read.</summary>
    public required int OmittedMessageCount { get; init; }

    /// <summary>Tokens read per second; 0 when none were.</summary>
    public required double PromptTokensPerSecond { get; init; }

    /// <summary>Tokens generated per second; 0 when none were.</summary>
    public required double TokensPerSecond { get; init; }
}
