using System.Text;

namespace LoraBridge.TextGeneration;

/// <summary>Conversations as plain text, a line for each turn: for models that were never taught a chat format.</summary>
internal sealed class PlainChatTemplate : IChatTemplate
{
    public string Render(IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt, string? tools = null)
    {
        if (tools is not null)
            throw new ChatTemplateException("the model has no chat template, and so does not know tools");
        var text = new StringBuilder();
        foreach (var message in messages)
            text.Append(Title(message.Role)).Append(": ").Append(message.Content).Append('\n');
        if (addGenerationPrompt)
            text.Append(Title(ChatRole.Assistant)).Append(':');
        return text.ToString();
    }

    private static string Title(string role) => char.ToUpperInvariant(role[0]) + role[1..];
}
