using LoraBridge.Model;
using LoraBridge.TextGeneration.Jinja;

namespace LoraBridge.TextGeneration;

/// <summary>Turns conversations into tokens.</summary>
internal sealed class PromptBuilder(Vocabulary vocabulary, IChatTemplate template)
{
    private readonly SequenceTokenizer _tokenizer = new(new ModelTokenizer(vocabulary));

    /// <summary>Whether the texts of control tokens become those tokens also where a conversation says them; false unless set.</summary>
    internal bool ParseSpecialTokensInMessages { get; init; }

    /// <summary>The tokens of a text that is not a conversation.</summary>
    /// <param name="vocabulary">The model's.</param>
    /// <param name="text">The text.</param>
    /// <param name="parseSpecial">Whether the texts of control tokens become those tokens.</param>
    internal static int[] Plain(Vocabulary vocabulary, string text, bool parseSpecial = true) =>
        new SequenceTokenizer(new ModelTokenizer(vocabulary)).Tokenize(text, parseSpecial);

    /// <summary>The tokens of a conversation, up to where the model goes on: after the opening of an answer, or within the last one.</summary>
    /// <param name="messages">The turns; an assistant's turn at the end is continued.</param>
    /// <param name="tools">A JSON array of tools, or null.</param>
    /// <exception cref="ChatTemplateException">The template does not accept the conversation.</exception>
    internal int[] ToContinue(IReadOnlyList<ChatMessage> messages, string? tools)
    {
        if (messages is not [.., { Role: ChatRole.Assistant } begun])
            return Conversation(messages, addGenerationPrompt: true, tools);
        var opening = Conversation([.. messages.SkipLast(1)], addGenerationPrompt: true, tools);
        if (begun.Content.Length == 0)
            return opening;
        var content = TracedText.From(new TextSource(messages.Count - 1, MessageValues.Content, begun.Content));
        return [.. opening, .. _tokenizer.TokenizeInside(content, ParseSpecialTokensInMessages)];
    }

    /// <summary>The tokens of a conversation.</summary>
    internal int[] Conversation(IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt, string? tools)
    {
        var rendered = template.Render(new ChatTemplateRequest(messages, addGenerationPrompt) { Tools = tools });
        return _tokenizer.Tokenize(rendered.Text, ParseSpecialTokensInMessages);
    }
}
