using System.Globalization;
using LoraBridge.Native;
using LoraBridge.TextGeneration.Jinja;

namespace LoraBridge.TextGeneration;

/// <summary>One of the chat formats that are built into llama.cpp, found by the text of a model's template.</summary>
internal sealed class LlamaChatTemplate : IChatTemplate
{
    /// <summary>Stands for a content: a character that nobody writes.</summary>
    private const char Mark = '\uE0F7';

    private readonly string _template;

    private LlamaChatTemplate(string template) => _template = template;

    /// <summary>The built-in format for a template or a format's name; null when llama.cpp does not recognise it.</summary>
    internal static LlamaChatTemplate? TryCreate(string template)
    {
        NativeRuntime.Initialize();
        return LlamaChatTemplates.Apply(template, [(ChatRole.User, "?")], addAssistant: true) is null ? null : new LlamaChatTemplate(template);
    }

    public RenderedChat Render(ChatTemplateRequest request)
    {
        if (request.Tools is not null || request.Messages.Any(message => message.ToolCalls is not null))
            throw new ChatTemplateException("this format does not know tools");
        var sources = new PlainSources(request.Messages);
        var text = Apply(request, (message, _) => message.Content);
        // The format is a black box: what it writes around contents shows when marks stand for them.
        var outline = Apply(request, (_, index) => string.Create(CultureInfo.InvariantCulture, $"{Mark}{index}{Mark}"));
        var traced = new[] { false, true }.Select(trim => Filled(outline, sources.Contents, trim)).FirstOrDefault(filled => filled.Text == text);
        return new RenderedChat(traced ?? Located(text, sources.Contents), sources.Essential);
    }

    private string Apply(ChatTemplateRequest request, Func<ChatMessage, int, string> content) =>
        LlamaChatTemplates.Apply(_template, [.. request.Messages.Select((message, index) => (message.Role, content(message, index)))], request.AddGenerationPrompt)
            ?? throw new ChatTemplateException("llama.cpp refuses the conversation");

    private static TracedText Filled(string outline, IReadOnlyList<TextSource> contents, bool trim)
    {
        var text = new TracedTextBuilder();
        var pieces = outline.Split(Mark);
        for (var i = 0; i < pieces.Length; i++)
        {
            if (i % 2 == 0)
                text.Append(pieces[i]);
            else if (int.TryParse(pieces[i], NumberStyles.None, CultureInfo.InvariantCulture, out var index) && index < contents.Count)
                text.Append(trim ? StringMethods.Strip(TracedText.From(contents[index]), null) : TracedText.From(contents[index]));
        }
        return text.ToText();
    }

    /// <summary>Contents where they are found one after another.</summary>
    private static TracedText Located(string text, IReadOnlyList<TextSource> contents)
    {
        var result = new TracedTextBuilder();
        var position = 0;
        foreach (var source in contents)
        {
            var content = StringMethods.Strip(TracedText.From(source), null);
            if (content.Length == 0)
                continue;
            var at = text.IndexOf(content.Text, position, StringComparison.Ordinal);
            if (at < 0)
                throw new ChatTemplateException("llama.cpp's format for this model changes what is said, so that it cannot be told apart from the format");
            result.Append(text[position..at]);
            result.Append(content);
            position = at + content.Length;
        }
        result.Append(text[position..]);
        return result.ToText();
    }
}
