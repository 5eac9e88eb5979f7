namespace LoraBridge.TextGeneration;

/// <summary>A piece of an answer that is being generated. The last one is a <see cref="ResultUpdate"/>.</summary>
public abstract record GenerationUpdate
{
    private protected GenerationUpdate()
    {
    }
}

/// <summary>The next piece of the answer's text.</summary>
/// <param name="Text">Text; never empty.</param>
public sealed record TextUpdate(string Text) : GenerationUpdate;

/// <summary>The next piece of what the model thinks before it answers.</summary>
/// <param name="Text">Text; never empty.</param>
public sealed record ReasoningUpdate(string Text) : GenerationUpdate;

/// <summary>A call of a tool, complete.</summary>
/// <param name="Call">The call.</param>
public sealed record ToolCallUpdate(ToolCall Call) : GenerationUpdate;

/// <summary>The end of an answer.</summary>
/// <param name="Result">The whole answer and how it came about.</param>
public sealed record ResultUpdate(TextGenerationResult Result) : GenerationUpdate;
