using LoraBridge.TextGeneration;
using LoraBridge.TextGeneration.Jinja;

namespace LoraBridge.Data;

/// <summary>What the assistant says in one turn, in characters of the rendered conversation.</summary>
/// <param name="Turn">The turn, counted from 0.</param>
/// <param name="Start">Where inference would start to generate.</param>
/// <param name="ContentEnd">Where the last of the turn's own text ends.</param>
/// <param name="End">Where what closes the turn ends.</param>
internal readonly record struct AssistantSpan(int Turn, int Start, int ContentEnd, int End);

/// <summary>
/// Finds the assistant's turns in a rendered conversation. The text knows which turn said what of it; what the template wrote around a turn
/// is told apart by rendering the conversation up to there, once as inference would ask and once as history, and comparing only what
/// follows the last thing said: so it does not matter that templates write earlier turns otherwise once more has been said.
/// </summary>
internal sealed class AssistantSpans(IChatTemplate template, ChatHistory chat, TracedText whole)
{
    private string? _opening;

    /// <summary>
    /// The turns that have text, as the template marks them (<c>generation</c> blocks) or as they are found; null when they cannot be told
    /// apart. A turn may have several spans.
    /// </summary>
    public IReadOnlyList<AssistantSpan>? Find() => whole.Runs.Any(run => run.IsGenerated) ? FindMarked() : FindWritten();

    /// <summary>The turns by what the template writes around them, whatever it marks.</summary>
    internal IReadOnlyList<AssistantSpan>? FindWritten()
    {
        List<AssistantSpan> spans = [];
        var previousEnd = 0;
        for (var turn = 0; turn < chat.Count; turn++)
        {
            if (chat[turn].Role != ChatRole.Assistant || Said(whole, turn) is not [var first, ..] said)
                continue;
            if (Start(turn, first) is not { } start || End(turn, said) is not { } end || start < previousEnd || end.End <= start)
                return null;
            spans.Add(new AssistantSpan(turn, start, end.ContentEnd, end.End));
            previousEnd = end.End;
        }
        return spans;
    }

    private List<AssistantSpan> FindMarked()
    {
        List<AssistantSpan> spans = [];
        foreach (var (start, end) in MarkedRanges())
        {
            var said = whole.Runs.LastOrDefault(run => run.Start < end && run.End > start && IsSaid(run) && chat[run.Source!.Message].Role == ChatRole.Assistant);
            // A mark without text closes the turn before it, if it follows at once; otherwise it is a turn that says nothing.
            if (said.Source is not null && Said(whole, said.Source.Message).Count > 0)
                spans.Add(new AssistantSpan(said.Source.Message, start, said.End, end));
            else if (said.Source is null && spans.Count > 0 && !whole.Runs.Any(run => IsSaid(run) && run.Start >= spans[^1].End && run.End <= start))
                spans.Add(spans[^1] with { Start = start, End = end });
        }
        return spans;
    }

    private List<(int Start, int End)> MarkedRanges()
    {
        List<(int Start, int End)> ranges = [];
        foreach (var run in whole.Runs.Where(run => run.IsGenerated))
        {
            if (ranges.Count > 0 && ranges[^1].End == run.Start)
                ranges[^1] = (ranges[^1].Start, run.End);
            else
                ranges.Add((run.Start, run.End));
        }
        return ranges;
    }

    /// <summary>Whether a run is something a turn says, not how its speaker or its call is named.</summary>
    private static bool IsSaid(TextRun run) => run.Source is { Message: >= 0, Kind: MessageValues.Content or MessageValues.Reasoning or MessageValues.ToolCall };

    /// <summary>What a turn says; nothing where that is white space only.</summary>
    private static List<TextRun> Said(TracedText text, int turn)
    {
        var runs = text.Runs.Where(run => IsSaid(run) && run.Source!.Message == turn).ToList();
        return runs.Exists(run => !text.Text.AsSpan(run.Start, run.Length).IsWhiteSpace()) ? runs : [];
    }

    private int? Start(int turn, TextRun first)
    {
        var before = whole.Runs.LastOrDefault(run => run.Source is not null && run.End <= first.Start);
        var between = whole.Text.AsSpan(before.End, first.Start - before.End);
        if (TryRender([.. chat.Take(turn)], addGenerationPrompt: true) is { } prompt)
        {
            var last = prompt.Runs.LastOrDefault(run => run.Source is not null);
            if (IsSamePlace(before, last))
                return before.End + between.CommonPrefixLength(prompt.Text.AsSpan(last.End));
        }
        // The template refuses this beginning, or writes turns in another order: then what opens any turn opens this one.
        _opening ??= Opening();
        var at = _opening.Length == 0 ? -1 : between.LastIndexOf(_opening, StringComparison.Ordinal);
        return at < 0 ? null : before.End + at + _opening.Length;
    }

    private static bool IsSamePlace(TextRun a, TextRun b) =>
        a.Source?.Message == b.Source?.Message && a.Source?.Kind == b.Source?.Kind && a.SourceStart + a.SourceLength == b.SourceStart + b.SourceLength;

    private string Opening()
    {
        ChatMessage[] question = [new(ChatRole.User, "?")];
        var history = TryRender(question, addGenerationPrompt: false)?.Text;
        var prompt = TryRender(question, addGenerationPrompt: true)?.Text;
        return history is not null && prompt is not null && prompt.StartsWith(history, StringComparison.Ordinal) ? prompt[history.Length..] : "";
    }

    private (int ContentEnd, int End)? End(int turn, List<TextRun> said)
    {
        // Answers of tools may name the call that they belong to: what is said after the next turn began is none of this one.
        var next = whole.Runs.FirstOrDefault(run => IsSaid(run) && run.Source!.Message > turn && run.Start >= said[0].End);
        var ends = said.Where(run => next.Source is null || run.End <= next.Start).Select(run => run.End).ToList();
        if (ends.Count == 0)
            return null;
        if (Closing(turn) is not { } closing)
            return null;
        var (best, length) = (ends[^1], -1);
        foreach (var end in Enumerable.Reverse(ends))
        {
            var limit = whole.Runs.FirstOrDefault(run => run.Source is not null && run.Start >= end) is { Length: > 0 } following ? following.Start : whole.Length;
            var shared = whole.Text.AsSpan(end, limit - end).CommonPrefixLength(closing);
            if (shared > length)
                (best, length) = (end, shared);
        }
        return (best, best + length);
    }

    /// <summary>What the template writes after the turn when it is the last.</summary>
    private string? Closing(int turn)
    {
        var through = turn == chat.Count - 1 ? whole
            : TryRender([.. chat.Take(turn + 1)], addGenerationPrompt: false)
            ?? TryRender([new(ChatRole.User, "?"), new(ChatRole.Assistant, "!")], addGenerationPrompt: false);
        return through?.Text[through.Runs.LastOrDefault(run => run.Source is not null).End..];
    }

    /// <summary>Templates may refuse the beginning of a conversation that they accept as a whole.</summary>
    private TracedText? TryRender(IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt)
    {
        try
        {
            return template.Render(new ChatTemplateRequest(messages, addGenerationPrompt) { Tools = chat.Tools }).Text;
        }
        catch (ChatTemplateException)
        {
            return null;
        }
    }
}
