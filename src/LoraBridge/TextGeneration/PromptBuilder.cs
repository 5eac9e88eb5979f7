using LoraBridge.Model;
using LoraBridge.TextGeneration.Jinja;

namespace LoraBridge.TextGeneration;

/// <summary>Turns conversations into tokens.</summary>
/// <param name="vocabulary">The model's.</param>
/// <param name="template">Writes conversations.</param>
/// <param name="source">The template's source, which tells how answers are built; null for none.</param>
internal sealed class PromptBuilder(Vocabulary vocabulary, IChatTemplate template, string? source = null)
{
    private readonly SequenceTokenizer _tokenizer = new(new ModelTokenizer(vocabulary));
    private readonly Lazy<AnswerFormat> _format = new(
        () => AnswerFormat.Recognize(source, messages => template.Render(messages, addGenerationPrompt: false)));

    /// <summary>How the model's answers are built.</summary>
    internal AnswerFormat AnswerFormat => _format.Value;

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
    /// <param name="settings">What else the template is told.</param>
    /// <exception cref="ChatTemplateException">The template does not accept the conversation.</exception>
    internal int[] ToContinue(IReadOnlyList<ChatMessage> messages, TemplateSettings settings)
    {
        if (messages is not [.., { Role: ChatRole.Assistant } begun])
            return Conversation(messages, addGenerationPrompt: true, settings);
        var opening = Conversation([.. messages.SkipLast(1)], addGenerationPrompt: true, settings);
        if (begun.Content.Length == 0)
            return opening;
        var content = TracedText.From(new TextSource(messages.Count - 1, MessageValues.Content, begun.Content));
        return [.. opening, .. _tokenizer.TokenizeInside(content, ParseSpecialTokensInMessages)];
    }

    /// <summary>The tokens of a conversation.</summary>
    internal int[] Conversation(IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt, TemplateSettings settings)
    {
        var rendered = template.Render(new ChatTemplateRequest(messages, addGenerationPrompt) { Tools = settings.Tools, Variables = settings.Variables });
        return _tokenizer.Tokenize(rendered.Text, ParseSpecialTokensInMessages);
    }
}

/// <summary>What a template is told besides the turns.</summary>
/// <param name="Tools">A JSON array of tools, or null.</param>
/// <param name="Variables">More variables by name, each as JSON; null for none.</param>
internal readonly record struct TemplateSettings(string? Tools = null, IReadOnlyDictionary<string, string>? Variables = null);
