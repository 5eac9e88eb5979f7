using LoraBridge.TextGeneration.Jinja;

namespace LoraBridge.TextGeneration;

/// <summary>Conversations as plain text, a line for each turn: for models that were never taught a chat format.</summary>
internal sealed class PlainChatTemplate : IChatTemplate
{
    public RenderedChat Render(ChatTemplateRequest request)
    {
        if (request.Tools is not null)
            throw new ChatTemplateException("the model has no chat template, and so does not know tools");
        var sources = new PlainSources(request.Messages);
        var text = new TracedTextBuilder();
        for (var i = 0; i < request.Messages.Count; i++)
        {
            text.Append(Title(request.Messages[i].Role) + ": ");
            text.Append(TracedText.From(sources.Contents[i]));
            text.Append('\n');
        }
        if (request.AddGenerationPrompt)
            text.Append(Title(ChatRole.Assistant) + ":");
        return new RenderedChat(text.ToText(), sources.Essential);
    }

    private static string Title(string role) => char.ToUpperInvariant(role[0]) + role[1..];
}

/// <summary>The texts of turns for formats that write contents only, so that thoughts and calls of tools are always lost.</summary>
internal sealed class PlainSources
{
    internal PlainSources(IReadOnlyList<ChatMessage> messages)
    {
        Contents = [.. messages.Select((message, index) => new TextSource(index, MessageValues.Content, message.Content))];
        var others = messages.SelectMany((message, index) => new[]
        {
            new TextSource(index, MessageValues.Reasoning, message.Reasoning ?? ""), new TextSource(index, MessageValues.ToolCall, message.ToolCalls ?? ""),
        });
        Essential = [.. Contents.Concat(others).Where(source => !string.IsNullOrWhiteSpace(source.Text))];
    }

    /// <summary>The content of each turn.</summary>
    internal IReadOnlyList<TextSource> Contents { get; }

    /// <summary>All that a rendering should hold.</summary>
    internal IReadOnlyList<TextSource> Essential { get; }
}
