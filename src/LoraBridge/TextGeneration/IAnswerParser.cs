namespace LoraBridge.TextGeneration;

/// <summary>Takes the raw text of an answer apart, piece by piece: text, reasoning, calls of tools.</summary>
internal interface IAnswerParser
{
    /// <summary>Control tokens that are to be written out in the raw text; the others are left out.</summary>
    IReadOnlyList<string> Marks { get; }

    /// <summary>The answer so far.</summary>
    string Text { get; }

    /// <summary>What was thought before it; null when nothing was.</summary>
    string? Reasoning { get; }

    /// <summary>Whether what comes next belongs to the thoughts.</summary>
    bool IsReasoning { get; }

    /// <summary>The calls so far.</summary>
    IReadOnlyList<ToolCall> ToolCalls { get; }

    /// <summary>Takes the next piece of raw text.</summary>
    void Append(string text, Action<GenerationUpdate> emit);

    /// <summary>Takes the end of the raw text.</summary>
    void Complete(Action<GenerationUpdate> emit);
}
