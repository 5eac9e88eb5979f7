using System.Text;

namespace LoraBridge.TextGeneration.Jinja;

/// <summary>A text that a conversation brings into a template, such as the content of a turn; compared by reference.</summary>
/// <param name="message">The turn it belongs to, counted from 0; -1 where it belongs to none, such as the definitions of tools.</param>
/// <param name="kind">What it is of the turn, such as <c>content</c>.</param>
/// <param name="text">The text.</param>
internal sealed class TextSource(int message, string kind, string text)
{
    public int Message => message;

    public string Kind => kind;

    public string Text => text;
}

/// <summary>A stretch of text and where it comes from.</summary>
/// <param name="Start">Its first character.</param>
/// <param name="Length">Its characters, at least one.</param>
/// <param name="Source">The text it was taken from; null where the template wrote it, between marks of generation.</param>
/// <param name="SourceStart">Which character of the source is its first.</param>
/// <param name="SourceLength">How many characters of the source it stands for: other than its own where they were escaped.</param>
/// <param name="IsGenerated">Whether the template marks it as what the assistant generates.</param>
internal readonly record struct TextRun(int Start, int Length, TextSource? Source, int SourceStart, int SourceLength, bool IsGenerated)
{
    public int End => Start + Length;

    private bool IsVerbatim => Length == SourceLength;

    /// <summary>The part within a range, moved by an offset.</summary>
    public TextRun Part(int start, int end, int offset)
    {
        var (from, to) = (Math.Max(Start, start), Math.Min(End, end));
        return IsVerbatim && Source is not null
            ? this with { Start = from + offset, Length = to - from, SourceStart = SourceStart + from - Start, SourceLength = to - from }
            : this with { Start = from + offset, Length = to - from };
    }

    /// <summary>Whether a run that follows this one continues it.</summary>
    public bool IsContinuedBy(TextRun next) =>
        next.Start == End && next.Source == Source && next.IsGenerated == IsGenerated
        && (Source is null || (IsVerbatim && next.IsVerbatim && next.SourceStart == SourceStart + SourceLength));

    public TextRun Extended(int length) => this with { Length = Length + length, SourceLength = Source is null ? 0 : SourceLength + length };
}

/// <summary>
/// Text that knows which of its characters a conversation said and which the template wrote: users can write what looks like the marks
/// between turns, and only where the template writes them do they count. Immutable.
/// </summary>
internal sealed class TracedText
{
    private readonly TextRun[] _runs;

    internal TracedText(string text, TextRun[] runs) => (Text, _runs) = (text, runs);

    public static TracedText Empty { get; } = new("", []);

    public string Text { get; }

    public int Length => Text.Length;

    /// <summary>What is not the template's, in order and without overlaps; two runs may touch.</summary>
    public IReadOnlyList<TextRun> Runs => _runs;

    public static implicit operator TracedText(string text) => text.Length == 0 ? Empty : new(text, []);

    /// <summary>All of a source.</summary>
    public static TracedText From(TextSource source) =>
        source.Text.Length == 0 ? Empty : new(source.Text, [new TextRun(0, source.Text.Length, source, 0, source.Text.Length, IsGenerated: false)]);

    public static TracedText Concat(TracedText left, TracedText right)
    {
        var builder = new TracedTextBuilder();
        builder.Append(left);
        builder.Append(right);
        return builder.ToText();
    }

    public TracedText Slice(int start, int end)
    {
        if (start == 0 && end == Length)
            return this;
        if (start >= end)
            return Empty;
        return _runs.Length == 0
            ? Text[start..end]
            : new TracedText(Text[start..end], [.. _runs.Where(run => run.Start < end && run.End > start).Select(run => run.Part(start, end, -start))]);
    }

    /// <summary>The same runs over another text of the same length: upper case, say.</summary>
    public TracedText WithText(string text) => text.Length == Length ? new TracedText(text, _runs) : Restated(text);

    /// <summary>Another text that stands for this one as a whole.</summary>
    public TracedText Restated(string text)
    {
        var builder = new TracedTextBuilder();
        builder.AppendFor(text, this, 0, Length);
        return builder.ToText();
    }

    /// <summary>The pieces between the first separators; at most <paramref name="count"/> of them.</summary>
    public List<TracedText> Split(string separator, int count = int.MaxValue)
    {
        List<TracedText> pieces = [];
        var start = 0;
        while (pieces.Count < count - 1 && Text.IndexOf(separator, start, StringComparison.Ordinal) is >= 0 and var at)
        {
            pieces.Add(Slice(start, at));
            start = at + separator.Length;
        }
        pieces.Add(Slice(start, Length));
        return pieces;
    }

    /// <summary>This text with each character replaced by what a function says; null keeps it.</summary>
    public TracedText Escaped(Func<char, string?> escape)
    {
        var builder = new TracedTextBuilder();
        builder.AppendEscaped(this, escape);
        return builder.ToText();
    }

    public override string ToString() => Text;
}

/// <summary>Puts traced text together.</summary>
internal sealed class TracedTextBuilder
{
    private readonly StringBuilder _text = new();
    private readonly List<TextRun> _runs = [];

    public int Length => _text.Length;

    public void Append(string text) => _text.Append(text);

    public void Append(char c) => _text.Append(c);

    public void Append(TracedText text) => Append(text, 0, text.Length);

    public void Append(TracedText text, int start, int end)
    {
        var offset = _text.Length - start;
        _text.Append(text.Text, start, end - start);
        foreach (var run in text.Runs)
        {
            if (run.Start < end && run.End > start)
                Add(run.Part(start, end, offset));
        }
    }

    /// <summary>Appends text that stands for a part of another: an escape, say.</summary>
    public void AppendFor(string text, TracedText original, int start, int end)
    {
        if (text.Length > 0 && original.Runs.FirstOrDefault(run => run.Start < end && run.End > start) is { Length: > 0 } run)
        {
            var part = run.Part(start, end, 0);
            Add(part with { Start = _text.Length, Length = text.Length });
        }
        _text.Append(text);
    }

    public void AppendEscaped(TracedText text, Func<char, string?> escape)
    {
        var start = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (escape(text.Text[i]) is not { } replacement)
                continue;
            Append(text, start, i);
            AppendFor(replacement, text, i, i + 1);
            start = i + 1;
        }
        Append(text, start, text.Length);
    }

    /// <summary>Marks what was written from a position on as generated by the assistant.</summary>
    public void MarkGenerated(int start)
    {
        var after = _runs.FindAll(run => run.End > start);
        _runs.RemoveRange(_runs.Count - after.Count, after.Count);
        var position = start;
        foreach (var run in after)
        {
            if (run.Start < start)
                Add(run.Part(run.Start, start, 0));
            var marked = run.Part(start, run.End, 0) with { IsGenerated = true };
            AddGap(position, marked.Start);
            Add(marked);
            position = marked.End;
        }
        AddGap(position, _text.Length);
    }

    public TracedText ToText() => _text.Length == 0 ? TracedText.Empty : new TracedText(_text.ToString(), [.. _runs]);

    public override string ToString() => _text.ToString();

    private void AddGap(int start, int end)
    {
        if (end > start)
            Add(new TextRun(start, end - start, null, 0, 0, IsGenerated: true));
    }

    private void Add(TextRun run)
    {
        if (_runs.Count > 0 && _runs[^1].IsContinuedBy(run))
            _runs[^1] = _runs[^1].Extended(run.Length);
        else
            _runs.Add(run);
    }
}
