using System.Text;
using System.Text.Json;
using LoraBridge.TextGeneration.Grammars.Schema;
using LoraBridge.TextGeneration.Tools;

namespace LoraBridge.TextGeneration;

/// <summary>
/// Takes answers of gpt-oss apart: messages with a header and a body, on the channels <c>analysis</c> (thoughts), <c>commentary</c> (calls,
/// and words about them) and <c>final</c>.
/// </summary>
/// <param name="ids">Makes ids for calls.</param>
internal sealed class HarmonyAnswerParser(CallIds ids) : IAnswerParser
{
    private const string Message = "<|message|>";
    private const string Functions = "to=functions.";

    private static readonly string[] BodyEnds = ["<|end|>", "<|call|>", "<|return|>", "<|start|>"];

    private readonly StringBuilder _text = new();
    private readonly StringBuilder _reasoning = new();
    private readonly StringBuilder _arguments = new();
    private readonly List<ToolCall> _calls = [];
    private string _pending = "";
    private string? _tool;
    private bool _isInBody;
    private bool _isReasoning;
    private bool _hasReasoned;

    public IReadOnlyList<string> Marks => [Message, "<|channel|>", "<|constrain|>", .. BodyEnds];

    /// <summary>GBNF of an answer that calls one of some tools.</summary>
    internal static string Grammar(IReadOnlyList<ToolGrammar> calls) => string.Join(" | ", calls.Select(tool =>
        $"{GrammarWriter.Literal($"<|channel|>commentary {Functions}{tool.Name} <|constrain|>json{Message}")} {tool.ArgumentsRule}"));

    public string Text => _text.ToString();

    public string? Reasoning => _hasReasoned ? _reasoning.ToString() : null;

    public bool IsReasoning => _isReasoning && _isInBody;

    public IReadOnlyList<ToolCall> ToolCalls => _calls;

    public void Append(string text, Action<GenerationUpdate> emit)
    {
        _pending += text;
        while (_isInBody ? Body(emit, isEnd: false) : Header())
        {
        }
    }

    public void Complete(Action<GenerationUpdate> emit)
    {
        while (_pending.Length > 0 && (_isInBody ? Body(emit, isEnd: true) : Header()))
        {
        }
        // Without any mark it is an answer of some other kind.
        if (!_isInBody && _text.Length == 0 && _calls.Count == 0 && !_hasReasoned && _pending.Length > 0)
            Emit(_text, _pending, text => new TextUpdate(text), emit);
        EndBody(emit);
    }

    private bool Header()
    {
        var at = _pending.IndexOf(Message, StringComparison.Ordinal);
        if (at < 0)
            return false;
        var header = _pending[..at];
        _pending = _pending[(at + Message.Length)..];
        _isInBody = true;
        _isReasoning = header.Contains("analysis", StringComparison.Ordinal);
        _tool = null;
        var call = header.IndexOf(Functions, StringComparison.Ordinal);
        if (call >= 0)
        {
            var name = header[(call + Functions.Length)..];
            var end = name.AsSpan().IndexOfAny(" <\n\t");
            _tool = end < 0 ? name : name[..end];
            _isReasoning = false;
        }
        _hasReasoned |= _isReasoning;
        return true;
    }

    private bool Body(Action<GenerationUpdate> emit, bool isEnd)
    {
        var (at, length) = (-1, 0);
        var held = 0;
        foreach (var mark in BodyEnds)
        {
            var found = _pending.IndexOf(mark, StringComparison.Ordinal);
            if (found >= 0 && (at < 0 || found < at))
                (at, length) = (found, mark.Length);
            for (var overlap = Math.Min(mark.Length - 1, _pending.Length); !isEnd && overlap > held; overlap--)
            {
                if (_pending.AsSpan(_pending.Length - overlap).SequenceEqual(mark.AsSpan(0, overlap)))
                    held = overlap;
            }
        }
        var body = at >= 0 ? _pending[..at] : _pending[..^held];
        _pending = at >= 0 ? _pending[(at + length)..] : _pending[^held..];
        if (_tool is not null)
            _arguments.Append(body);
        else if (_isReasoning)
            Emit(_reasoning, body, text => new ReasoningUpdate(text), emit);
        else
            Emit(_text, body, text => new TextUpdate(text), emit);
        if (at < 0)
            return false;
        EndBody(emit);
        return true;
    }

    private void EndBody(Action<GenerationUpdate> emit)
    {
        if (_tool is { } tool)
        {
            var body = _arguments.ToString();
            var arguments = new CallText(body, 0, isEnd: true).TakeJson();
            if (arguments is { ValueKind: JsonValueKind.Object } given)
            {
                var call = new ToolCall(ids.Next(), tool, given.GetRawText());
                _calls.Add(call);
                emit(new ToolCallUpdate(call));
            }
            else
            {
                Emit(_text, body, text => new TextUpdate(text), emit);
            }
            _arguments.Clear();
        }
        (_tool, _isInBody) = (null, false);
    }

    private static void Emit(StringBuilder all, string text, Func<string, GenerationUpdate> update, Action<GenerationUpdate> emit)
    {
        if (text.Length == 0)
            return;
        all.Append(text);
        emit(update(text));
    }
}
