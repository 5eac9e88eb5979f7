using LoraBridge.TextGeneration;

namespace LoraBridge.Data;

/// <summary>
/// Finds the assistant's turns in a rendered conversation: where inference would start to generate, up to where the turn ends. A template
/// is a black box, so the conversation is rendered up to each turn and compared with the whole.
/// </summary>
internal sealed class AssistantSpans(IChatTemplate template, ChatHistory chat, string whole)
{
    /// <summary>Stands for a turn's content when only the text around it matters.</summary>
    private const string Placeholder = "\u2042placeholder\u2042";

    /// <summary>The turns as character ranges, or null when the template does not render a beginning as the beginning of the whole.</summary>
    public List<Range>? Find()
    {
        List<Range> spans = [];
        var previousEnd = 0;
        for (var turn = 0; turn < chat.Count; turn++)
        {
            if (chat[turn].Role != ChatRole.Assistant)
                continue;
            if (Start(turn) is not { } start || End(turn) is not { } end || start < previousEnd || end <= start)
                return null;
            spans.Add(start..end);
            previousEnd = end;
        }
        return spans;
    }

    private int? Start(int turn)
    {
        var before = chat.Take(turn).ToList();
        if (TryRender(before, addGenerationPrompt: true) is not { } prompt)
            return null;
        if (whole.StartsWith(prompt, StringComparison.Ordinal))
            return prompt.Length;

        // The prompt may open the turn otherwise than the history shows it (an opened thought, say): what both share is given, the rest learnt.
        var history = turn == 0 ? "" : TryRender(before, addGenerationPrompt: false);
        var shared = prompt.AsSpan().CommonPrefixLength(whole);
        return history is not null && whole.StartsWith(history, StringComparison.Ordinal) && shared > history.Length ? shared : null;
    }

    private int? End(int turn)
    {
        if (turn == chat.Count - 1)
            return whole.Length;
        var through = TryRender([.. chat.Take(turn + 1)], addGenerationPrompt: false);
        if (through is not null && whole.StartsWith(through, StringComparison.Ordinal))
            return through.Length;
        return EndBeforeNextTurn(turn) ?? EndOfShared(turn, through);
    }

    /// <summary>
    /// Some templates close the whole text with a mark of its own, so that no beginning is one of the whole. What both share ends just
    /// behind the turn then; it must hold all that the turn says. A character too many is cut off with the token it begins.
    /// </summary>
    private int? EndOfShared(int turn, string? through)
    {
        var shared = through.AsSpan().CommonPrefixLength(whole);
        var content = chat[turn].Content.Trim();
        var index = content.Length == 0 ? -1 : whole.LastIndexOf(content, Math.Max(shared - 1, 0), StringComparison.Ordinal);
        return index >= Start(turn) ? shared : null;
    }

    /// <summary>
    /// Some templates show the last turn otherwise than earlier ones (they drop old thoughts), so the whole does not begin with the turn as
    /// last. Rendered with the turn after it, it does; a placeholder as content tells how much text follows the content in either case.
    /// </summary>
    private int? EndBeforeNextTurn(int turn)
    {
        var withNext = TryRender([.. chat.Take(turn + 2)], addGenerationPrompt: false);
        if (withNext is null || !whole.StartsWith(withNext, StringComparison.Ordinal))
            return null;
        var marked = chat.Take(turn).Append(chat[turn] with { Content = Placeholder }).ToList();
        var afterContent = AfterPlaceholder(TryRender(marked, addGenerationPrompt: false));
        var afterContentAndNext = AfterPlaceholder(TryRender([.. marked, chat[turn + 1]], addGenerationPrompt: false));
        if (afterContent is null || afterContentAndNext is null
            || !afterContentAndNext.StartsWith(afterContent, StringComparison.Ordinal)
            || !withNext.EndsWith(afterContentAndNext, StringComparison.Ordinal))
        {
            return null;
        }
        return withNext.Length - afterContentAndNext.Length + afterContent.Length;
    }

    private static string? AfterPlaceholder(string? text)
    {
        var index = text?.LastIndexOf(Placeholder, StringComparison.Ordinal) ?? -1;
        return index < 0 ? null : text![(index + Placeholder.Length)..];
    }

    /// <summary>Templates may refuse the beginning of a conversation that they accept as a whole.</summary>
    private string? TryRender(IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt)
    {
        try
        {
            return template.Render(messages, addGenerationPrompt, chat.Tools);
        }
        catch (ChatTemplateException)
        {
            return null;
        }
    }
}
