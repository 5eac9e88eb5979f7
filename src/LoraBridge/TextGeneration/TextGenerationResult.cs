namespace LoraBridge.TextGeneration;

/// <summary>An answer and how it came about.</summary>
public sealed record TextGenerationResult
{
    /// <summary>The answer; of an assistant's turn that was continued, only what was added.</summary>
    public required string Text { get; init; }

    /// <summary>The model's reasoning before its answer, without the markers around it; null if there is none.</summary>
    public string? Reasoning { get; init; }

    /// <summary>The tools that the model calls.</summary>
    public IReadOnlyList<ToolCall> ToolCalls { get; init; } = [];

    /// <summary>The tokens that were generated, without the one that ended the turn.</summary>
    public required IReadOnlyList<int> Tokens { get; init; }

    /// <summary>How many of them belong to <see cref="Reasoning"/>.</summary>
    public int ReasoningTokenCount { get; init; }

    /// <summary>Why it ended.</summary>
    public required StopReason StopReason { get; init; }

    /// <summary>Number of tokens in the prompt.</summary>
    public required int PromptTokenCount { get; init; }

    /// <summary>How many of them had to be computed; the others were in the KV cache.</summary>
    public required int ReadTokenCount { get; init; }

    /// <summary>Earlier messages that did not fit into the context and were left out of what the model read.</summary>
    public required int OmittedMessageCount { get; init; }

    /// <summary>Prompt tokens computed per second; 0 if there were none.</summary>
    public required double PromptTokensPerSecond { get; init; }

    /// <summary>Tokens generated per second; 0 when none were.</summary>
    public required double TokensPerSecond { get; init; }

    /// <summary>The answer as a turn of a conversation.</summary>
    public ChatMessage ToMessage() => new(ChatRole.Assistant, Text)
    {
        Reasoning = Reasoning,
        ToolCalls = ToolCalls.Count > 0 ? ToolCall.ToJson(ToolCalls) : null,
    };
}
