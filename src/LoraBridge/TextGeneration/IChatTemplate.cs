namespace LoraBridge.TextGeneration;

/// <summary>Turns a conversation into the text a model reads: the same text for inference and for training.</summary>
internal interface IChatTemplate
{
    /// <param name="messages">The turns, in order.</param>
    /// <param name="addGenerationPrompt">Whether the text ends with the opening of an assistant's turn.</param>
    /// <param name="tools">A JSON array of tool definitions, or null.</param>
    /// <exception cref="ChatTemplateException">The template does not accept the conversation.</exception>
    string Render(IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt, string? tools = null);
}
