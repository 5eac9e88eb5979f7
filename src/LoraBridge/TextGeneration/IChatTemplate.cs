using LoraBridge.TextGeneration.Jinja;

namespace LoraBridge.TextGeneration;

/// <summary>Turns a conversation into the text a model reads: the same text for inference and for training.</summary>
internal interface IChatTemplate
{
    /// <exception cref="ChatTemplateException">The template does not accept the conversation.</exception>
    RenderedChat Render(ChatTemplateRequest request);
}

/// <summary>What a template is asked to write.</summary>
/// <param name="Messages">The turns, in order.</param>
/// <param name="AddGenerationPrompt">Whether the text ends with the opening of an assistant's turn.</param>
internal sealed record ChatTemplateRequest(IReadOnlyList<ChatMessage> Messages, bool AddGenerationPrompt)
{
    /// <summary>A JSON array of tool definitions, or null.</summary>
    public string? Tools { get; init; }

    /// <summary>More variables for the template by name, each as JSON: <c>enable_thinking</c> as <c>false</c>, say.</summary>
    public IReadOnlyDictionary<string, string>? Variables { get; init; }
}

/// <summary>A conversation as text.</summary>
/// <param name="Text">The text, which knows what of it the conversation said.</param>
/// <param name="Sources">What the conversation says that a rendering should hold: contents, thoughts, calls of tools.</param>
internal sealed record RenderedChat(TracedText Text, IReadOnlyList<TextSource> Sources)
{
    /// <summary>Whether nothing of a source is in the text.</summary>
    public bool IsMissing(TextSource source) => !Text.Runs.Any(run => run.Source == source);

    /// <summary>The sources of which the text lacks something other than white space.</summary>
    public IEnumerable<TextSource> LostSources()
    {
        var runs = Text.Runs.Where(run => run.Source is not null).ToLookup(run => run.Source!, ReferenceEqualityComparer.Instance);
        return Sources.Where(source => IsLost(source, runs[source]));
    }

    private static bool IsLost(TextSource source, IEnumerable<TextRun> runs)
    {
        var isThere = new bool[source.Text.Length];
        foreach (var run in runs)
            isThere.AsSpan(run.SourceStart, run.SourceLength).Fill(true);
        return source.Text.Where((c, index) => !isThere[index] && !char.IsWhiteSpace(c)).Any();
    }
}

/// <summary>Short ways to ask a template.</summary>
internal static class ChatTemplateExtensions
{
    /// <summary>The text of a conversation, without its origins.</summary>
    public static string Render(this IChatTemplate template, IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt, string? tools = null) =>
        template.Render(new ChatTemplateRequest(messages, addGenerationPrompt) { Tools = tools }).Text.Text;
}
