namespace LoraBridge.TextGeneration;

/// <summary>One turn of a conversation.</summary>
/// <param name="Role">Who speaks: one of <see cref="ChatRole"/>, or another role that the model's chat template knows.</param>
/// <param name="Content">The text of the turn; empty where an assistant only calls tools.</param>
public sealed record ChatMessage(string Role, string Content)
{
    /// <summary>The assistant's reasoning before its answer, without the markers that the chat template puts around it.</summary>
    public string? Reasoning { get; init; }

    /// <summary>The tools the assistant calls: a JSON array in the shape of OpenAI's <c>tool_calls</c>.</summary>
    public string? ToolCalls { get; init; }

    /// <summary>For a tool's turn: the id of the call that it answers.</summary>
    public string? ToolCallId { get; init; }

    /// <summary>The name of the speaker or of the tool, where the template uses it.</summary>
    public string? Name { get; init; }
}
