using System.Text;
using LoraBridge.TextGeneration.Reasoning;
using LoraBridge.TextGeneration.Tools;

namespace LoraBridge.TextGeneration;

/// <summary>Takes answers apart whose thoughts and calls stand between marks within the text.</summary>
/// <param name="reasoning">Marks around thoughts; null for none.</param>
/// <param name="startsWithReasoning">Whether the prompt has opened the thoughts already.</param>
/// <param name="syntax">How tools are called; null when none are on offer.</param>
/// <param name="tools">The tools.</param>
/// <param name="wrappers">Marks that are left out.</param>
/// <param name="ids">Makes ids for calls.</param>
/// <param name="opened">What the prompt has opened of the first mark already.</param>
internal sealed class MarkedAnswerParser(
    ReasoningMarks? reasoning, bool startsWithReasoning, ToolCallSyntax? syntax, ToolDefinitions tools, IReadOnlyList<string> wrappers, CallIds ids,
    string opened = "") : IAnswerParser
{
    private readonly TrimmedText _text = new();
    private readonly TrimmedText _reasoning = new(trimsStart: true);
    private readonly List<ToolCall> _calls = [];
    private string _pending = opened;
    private bool _isWaiting;
    private bool _isReasoning = startsWithReasoning;
    private bool _hasReasoned = startsWithReasoning;

    public IReadOnlyList<string> Marks =>
    [
        .. reasoning is null ? [] : (string[])[reasoning.Start.Trim(), reasoning.End],
        .. syntax is null ? [] : syntax.Openings.Concat(syntax.OtherMarks),
        .. wrappers,
        // A start that is a mark and a word.
        .. reasoning is { Start: "<|channel>thought" } ? (string[])["<|channel>"] : [],
    ];

    public string Text => _text.ToString();

    public string? Reasoning => _hasReasoned ? _reasoning.ToString() : null;

    public bool IsReasoning => _isReasoning;

    public IReadOnlyList<ToolCall> ToolCalls => _calls;

    public void Append(string text, Action<GenerationUpdate> emit)
    {
        _pending += text;
        // A section with calls that is not complete cannot be so before something in it is closed.
        if (_isWaiting && text.AsSpan().IndexOfAny("}])>`\n") < 0)
            return;
        Advance(emit, isEnd: false);
    }

    public void Complete(Action<GenerationUpdate> emit)
    {
        Advance(emit, isEnd: true);
        if (_calls.Count == 0)
            Emit(_text.Flush(), emit);
    }

    private void Advance(Action<GenerationUpdate> emit, bool isEnd)
    {
        _isWaiting = false;
        while (_pending.Length > 0 && (_isReasoning ? Reason(emit, isEnd) : Answer(emit, isEnd)))
        {
        }
    }

    /// <returns>Whether there is more to do with what is pending.</returns>
    private bool Reason(Action<GenerationUpdate> emit, bool isEnd)
    {
        var at = _pending.IndexOf(reasoning!.End, StringComparison.Ordinal);
        var end = at >= 0 ? at : _pending.Length - (isEnd ? 0 : Overlap(_pending, reasoning.End));
        var thought = _reasoning.Append(_pending[..end]);
        if (thought.Length > 0)
            emit(new ReasoningUpdate(thought));
        _pending = at >= 0 ? _pending[(at + reasoning.End.Length)..] : _pending[end..];
        if (at < 0)
            return false;
        _isReasoning = false;
        _text.TrimStart();
        return true;
    }

    /// <returns>Whether there is more to do with what is pending.</returns>
    private bool Answer(Action<GenerationUpdate> emit, bool isEnd)
    {
        var (at, mark) = FirstMark(isEnd, out var held);
        if (mark is null)
        {
            Emit(_text.Append(_pending[..^held], keepsEnd: syntax is null), emit);
            _pending = _pending[^held..];
            return false;
        }
        Emit(_text.Append(_pending[..at], keepsEnd: syntax is null), emit);
        _pending = _pending[at..];
        if (mark == reasoning?.Start)
        {
            (_isReasoning, _hasReasoned) = (true, true);
            _pending = _pending[mark.Length..];
            return true;
        }
        if (wrappers.Contains(mark) || mark == reasoning?.End)
        {
            _text.TrimStart();
            _pending = _pending[mark.Length..];
            return true;
        }
        return Call(mark, emit, isEnd);
    }

    private bool Call(string mark, Action<GenerationUpdate> emit, bool isEnd)
    {
        var reading = syntax!.Read(_pending, 0, isEnd, tools);
        switch (reading.Status)
        {
            case CallReadingStatus.Incomplete when !isEnd:
                _isWaiting = true;
                return false;
            case CallReadingStatus.Calls:
                foreach (var read in reading.Calls)
                {
                    var call = new ToolCall(read.Id is { Length: > 0 } id ? id : ids.Next(), read.Name, read.Arguments);
                    _calls.Add(call);
                    emit(new ToolCallUpdate(call));
                }
                _pending = _pending[reading.End..];
                _text.TrimStart();
                return true;
            default:
                Emit(_text.Append(mark, keepsEnd: false), emit);
                _pending = _pending[mark.Length..];
                return true;
        }
    }

    /// <summary>The mark that comes first, and how much at the end may turn out to be the start of one.</summary>
    private (int At, string? Mark) FirstMark(bool isEnd, out int held)
    {
        var first = (At: -1, Mark: (string?)null);
        held = 0;
        // Thoughts, and calls without an opening of their own, are told by what an answer starts with.
        var start = _pending.Length - _pending.AsSpan().TrimStart().Length;
        var isAtStart = _text.IsEmpty && _calls.Count == 0;
        foreach (var mark in isAtStart ? StartMarks() : [])
        {
            if (_pending.AsSpan(start).StartsWith(mark))
                return (start, mark);
            if (!isEnd && mark.AsSpan().StartsWith(_pending.AsSpan(start)))
                held = _pending.Length;
        }
        foreach (var mark in wrappers.Concat(syntax is { OnlyAtStart: false } ? syntax.Openings : []))
        {
            var at = _pending.IndexOf(mark, StringComparison.Ordinal);
            if (at >= 0 && (first.At < 0 || at < first.At || (at == first.At && mark.Length > first.Mark!.Length)))
                first = (at, mark);
            if (!isEnd)
                held = Math.Max(held, Overlap(_pending, mark));
        }
        return first;
    }

    private IEnumerable<string> StartMarks()
    {
        if (reasoning is not null && !_hasReasoned)
        {
            yield return reasoning.Start;
            // Some templates close thoughts that were never opened.
            yield return reasoning.End;
        }
        if (syntax is { OnlyAtStart: true })
            yield return syntax.Openings[0];
    }

    private static void Emit(string text, Action<GenerationUpdate> emit)
    {
        if (text.Length > 0)
            emit(new TextUpdate(text));
    }

    /// <summary>Length of the longest end of a text that starts a mark.</summary>
    private static int Overlap(string text, string mark)
    {
        for (var length = Math.Min(mark.Length - 1, text.Length); length > 0; length--)
        {
            if (text.AsSpan(text.Length - length).SequenceEqual(mark.AsSpan(0, length)))
                return length;
        }
        return 0;
    }

    /// <summary>A text whose space at the end is held back until more comes, and whose start may be trimmed.</summary>
    private sealed class TrimmedText(bool trimsStart = false)
    {
        private readonly StringBuilder _text = new();
        private string _space = "";
        private bool _trimsStart = trimsStart;

        internal bool IsEmpty => _text.Length == 0;

        /// <summary>Leaves out space that comes next, and that is held back.</summary>
        internal void TrimStart() => (_space, _trimsStart) = ("", true);

        /// <summary>Adds to the text; returns what is certain.</summary>
        internal string Append(string text, bool keepsEnd = false)
        {
            if (_trimsStart)
            {
                text = text.TrimStart();
                _trimsStart = text.Length == 0;
            }
            text = _space + text;
            _space = "";
            if (!keepsEnd)
            {
                var certain = text.TrimEnd();
                _space = text[certain.Length..];
                text = certain;
            }
            _text.Append(text);
            return text;
        }

        /// <summary>Adds the space that was held back; returns it.</summary>
        internal string Flush() => Append("", keepsEnd: true);

        public override string ToString() => _text.ToString();
    }
}
