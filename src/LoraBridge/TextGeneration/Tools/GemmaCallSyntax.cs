using System.Text.Json;
using System.Text.Json.Nodes;

namespace LoraBridge.TextGeneration.Tools;

/// <summary>
/// Calls of Gemma 4: <c>&lt;|tool_call&gt;call:name{key:value}&lt;tool_call|&gt;</c>, with names without quotes and strings between
/// <c>&lt;|"|&gt;</c> marks.
/// </summary>
internal sealed class GemmaCallSyntax : ToolCallSyntax
{
    private const string Quote = "<|\"|>";
    private const string Closing = "<tool_call|>";
    private const int MaximumDepth = 60;

    internal override IReadOnlyList<string> Openings => ["<|tool_call>"];

    internal override IReadOnlyList<string> OtherMarks => [Closing, Quote];

    internal override string Grammar(IReadOnlyList<ToolGrammar> calls, bool allowSeveral)
    {
        var call = string.Join(" | ", calls.Select(tool =>
            $"{Literal($"{Openings[0]}call:{tool.Name}{{")} {Members(tool, tool.Schema, depth: 0)} {Literal($"}}{Closing}")}"));
        return allowSeveral ? $"({call})+" : call;
    }

    internal override CallReading Read(string text, int start, bool isEnd, ToolDefinitions tools)
    {
        var reader = new CallText(text, start + Openings[0].Length, isEnd);
        if (reader.TakeUntil(Closing) is not { } body)
            return reader.IsIncomplete ? CallReading.Incomplete : CallReading.NoCall;
        var brace = body.IndexOf('{', StringComparison.Ordinal);
        if (brace < 0 || !body.StartsWith("call:", StringComparison.Ordinal))
            return CallReading.NoCall;
        var values = new Values(body, brace);
        return values.TryRead(out var arguments) && values.IsAtEnd && arguments is JsonObject given
            ? CallReading.Of([new ReadCall(body["call:".Length..brace].Trim(), ArgumentWriter.Text(given))], reader.Position)
            : CallReading.NoCall;
    }

    /// <summary>Members of an object, with the names as they are.</summary>
    private static string Members(ToolGrammar tool, JsonElement schema, int depth)
    {
        if (ArgumentRules.Property(schema, "properties") is not { ValueKind: JsonValueKind.Object } properties)
            return "\"\"";
        return ArgumentRules.Listed([.. properties.EnumerateObject().Select(property =>
            ($"{Literal($"{property.Name}:")} {Value(tool, property.Value, depth + 1)}", ArgumentRules.IsRequired(schema, property.Name)))]);
    }

    /// <summary>A value of a schema. What names no type of its own is a text: better than none.</summary>
    private static string Value(ToolGrammar tool, JsonElement schema, int depth) => ArgumentRules.TypeOf(schema) switch
    {
        "integer" or "number" or "boolean" or "null" => ArgumentRules.Json(tool, schema),
        "array" when depth < MaximumDepth && ArgumentRules.Property(schema, "items") is { } items && Value(tool, items, depth + 1) is var item =>
            $"\"[\" ({item} (\",\" {item})*)? \"]\"",
        "object" when depth < MaximumDepth => $"\"{{\" {Members(tool, schema, depth)} \"}}\"",
        _ => $"{Literal(Quote)} {ArgumentRules.Text(schema)} {Literal(Quote)}",
    };

    private sealed class Values(string text, int position)
    {
        private int _position = position;
        private int _depth;

        internal bool IsAtEnd => _position == text.Length;

        private char Current => _position < text.Length ? text[_position] : '\0';

        internal bool TryRead(out JsonNode? value)
        {
            value = null;
            if (text.AsSpan(_position).StartsWith(Quote))
            {
                var content = TakeUntil(Quote, _position + Quote.Length);
                value = JsonValue.Create(content);
                return content is not null;
            }
            if (++_depth > MaximumDepth)
                return false;
            var isRead = Current switch
            {
                '{' => TryObject(out value),
                '[' => TryList(out value),
                _ => TryWord(out value),
            };
            _depth--;
            return isRead;
        }

        private bool TryObject(out JsonNode? value)
        {
            var result = new JsonObject();
            value = result;
            _position++;
            while (!TryTake('}'))
            {
                var name = text.AsSpan(_position).StartsWith(Quote)
                    ? TakeUntil(Quote, _position + Quote.Length) is { } quoted && TryTake(':') ? quoted : null
                    : TakeUntil(":", _position);
                if (name is null || !TryRead(out var item))
                    return false;
                result[name] = item;
                if (!TryTake(',') && Current != '}')
                    return false;
            }
            return true;
        }

        private bool TryList(out JsonNode? value)
        {
            var result = new JsonArray();
            value = result;
            _position++;
            while (!TryTake(']'))
            {
                if (!TryRead(out var item))
                    return false;
                result.Add(item);
                if (!TryTake(',') && Current != ']')
                    return false;
            }
            return true;
        }

        private bool TryWord(out JsonNode? value)
        {
            var start = _position;
            while (_position < text.Length && Current is not (',' or '}' or ']'))
                _position++;
            return PythonLiteral.TryParse(text[start.._position].Trim(), out value);
        }

        private bool TryTake(char character)
        {
            if (Current != character)
                return false;
            _position++;
            return true;
        }

        private string? TakeUntil(string end, int from)
        {
            var at = text.IndexOf(end, from, StringComparison.Ordinal);
            if (at < 0)
                return null;
            _position = at + end.Length;
            return text[from..at];
        }
    }
}
