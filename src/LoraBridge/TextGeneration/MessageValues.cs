using System.Text.Json;
using LoraBridge.TextGeneration.Jinja;

namespace LoraBridge.TextGeneration;

/// <summary>A turn, and what goes before its content: instructions of a system turn that the template does not know.</summary>
internal readonly record struct MessageText(ChatMessage Message, string? Preface = null);

/// <summary>Makes the values that a template sees of turns and tools, and remembers which texts they hold.</summary>
/// <param name="reasoningNames">What the template calls the thoughts of a turn; empty where it does not ask for any.</param>
/// <param name="contentAsParts">Whether content is given as a list of typed parts instead of a string.</param>
/// <param name="argumentsAsObjects">Whether the arguments of calls are given as objects instead of JSON text.</param>
/// <param name="skipped">How many turns at the start are not given as turns.</param>
internal sealed class MessageValues(IReadOnlySet<string> reasoningNames, bool contentAsParts, bool argumentsAsObjects, int skipped)
{
    /// <summary>Kinds of <see cref="TextSource"/>s.</summary>
    public const string Content = "content", Reasoning = "reasoning", ToolCall = "tool call", Name = "name", ToolCallId = "tool call id", Tools = "tools", Role = "role";

    /// <summary>What templates and data sets call the thoughts of a turn.</summary>
    public static readonly string[] ReasoningNames = ["reasoning_content", "reasoning", "thinking", "thought", "thoughts", "thinking_content"];

    private readonly List<TextSource> _sources = [];
    private int _message = skipped - 1;

    /// <summary>The texts so far that a rendering should hold.</summary>
    public IReadOnlyList<TextSource> Sources => _sources;

    /// <summary>The value of the next turn.</summary>
    public Value Create(MessageText text)
    {
        _message++;
        var message = text.Message;
        var value = new DictValue().With("role", CreateRole(message.Role));
        value.With("content", CreateContent(text));
        if (message.Reasoning is not null)
        {
            var reasoning = new StringValue(Source(Reasoning, message.Reasoning, _message, isEssential: true));
            foreach (var name in reasoningNames.DefaultIfEmpty(ReasoningNames[0]))
                value.With(name, reasoning);
        }
        if (message.ToolCalls is not null)
            value.With("tool_calls", CreateToolCalls(message.ToolCalls));
        if (message.ToolCallId is not null)
            value.With("tool_call_id", new StringValue(Source(ToolCallId, message.ToolCallId, _message, isEssential: false)));
        if (message.Name is not null)
            value.With("name", new StringValue(Source(Name, message.Name, _message, isEssential: message.Role != ChatRole.Tool)));
        return value;
    }

    /// <summary>The value of the definitions of tools.</summary>
    public Value CreateTools(string json) => Trace(ParseJson(json, "tools"), Tools, -1, (path, _) => path is ["function", "name"] or ["name"]);

    public static Value ParseJson(string json, string name)
    {
        try
        {
            return JsonText.Parse(json);
        }
        catch (JsonException exception)
        {
            throw new ChatTemplateException($"'{name}' of the conversation is no JSON: {exception.Message}", innerException: exception);
        }
    }

    // Templates write roles between the signs of a mark, '<|' + role + '|>': a usual name is the template's own text.
    private StringValue CreateRole(string role) => role.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-')
        ? new StringValue(role)
        : new StringValue(Source(Role, role, _message, isEssential: false));

    private Value CreateContent(MessageText text)
    {
        var content = Source(Content, text.Message.Content, _message, isEssential: true);
        if (text.Preface is { } preface)
            content = TracedText.Concat(TracedText.Concat(Source(Content, preface, _message - 1, isEssential: true), "\n\n"), content);
        if (!contentAsParts)
            return new StringValue(content);
        var part = new DictValue().With("type", Value.From("text")).With("text", new StringValue(content));
        return new ListValue(content.Length == 0 ? [] : [part]);
    }

    private Value CreateToolCalls(string json)
    {
        var calls = ToolCallArguments.Convert(ParseJson(json, "tool_calls"), argumentsAsObjects);
        return Trace(calls, ToolCall, _message, (path, isKey) => path switch
        {
            ["function", "name"] or ["name"] => !isKey,
            ["function", "arguments", ..] or ["arguments", ..] => !isKey || path[^1] != "arguments",
            _ => false,
        });
    }

    /// <summary>A copy of a JSON value whose texts are traced.</summary>
    /// <param name="value">The value.</param>
    /// <param name="kind">What it is.</param>
    /// <param name="message">Whose.</param>
    /// <param name="isEssential">Whether a rendering should hold the text at a path of names, or the last of these names itself.</param>
    private Value Trace(Value value, string kind, int message, Func<string[], bool, bool> isEssential)
    {
        return Copy(value, []);

        Value Copy(Value item, string[] path)
        {
            switch (item)
            {
                case StringValue text:
                    return new StringValue(Source(kind, text.Text, message, isEssential(path, false)));
                case ListValue list:
                    return new ListValue([.. list.Items.Select(inner => Copy(inner, path))]);
                case DictValue dict:
                    var copy = new DictValue();
                    foreach (var (key, inner) in dict.Items)
                    {
                        string[] below = [.. path, key.ToString()];
                        copy.Items[new StringValue(Source(kind, key.ToString(), message, isEssential(below, true)))] = Copy(inner, below);
                    }
                    return copy;
                default:
                    return item;
            }
        }
    }

    private TracedText Source(string kind, string text, int message, bool isEssential)
    {
        var source = new TextSource(message, kind, text);
        if (isEssential && !string.IsNullOrWhiteSpace(text))
            _sources.Add(source);
        return TracedText.From(source);
    }
}
