using System.Text.Json;
using System.Text.Json.Serialization;

namespace LoraBridge.TextGeneration.Tools;

/// <summary>
/// Calls as JSON objects, or a list of them, behind an opening text: Hermes and Qwen, Granite, Phi-4, Mistral, Command, Jamba, Llama 3
/// (without any opening), and others.
/// </summary>
/// <param name="opening">The text in front; <c>{</c> for calls that are nothing but JSON.</param>
/// <param name="closing">The text behind; null for none.</param>
internal sealed class JsonCallSyntax(string opening, string? closing) : ToolCallSyntax
{
    private static readonly string[] NameKeys = ["name", "tool_name"];
    private static readonly string[] ArgumentKeys = ["arguments", "parameters"];
    private static readonly string[] IdKeys = ["id", "tool_call_id"];

    /// <summary>Other spellings of the opening.</summary>
    internal IReadOnlyList<string> AlsoOpenings { get; init; } = [];

    /// <summary>What a call's name stands behind when a model is made to call.</summary>
    internal string NameKey { get; init; } = "name";

    /// <summary>What a call's arguments stand behind when a model is made to call.</summary>
    internal string ArgumentsKey { get; init; } = "arguments";

    /// <summary>Whether calls are written <c>{name: arguments}</c>.</summary>
    internal bool IsNamedByKey { get; init; }

    /// <summary>Whether a section holds a list of calls, not one call.</summary>
    internal bool IsList { get; init; }

    /// <summary>What stands between opening, JSON and closing when a model is made to call.</summary>
    internal string Between { get; init; } = "";

    internal override IReadOnlyList<string> Openings => [opening, .. AlsoOpenings];

    internal override IReadOnlyList<string> OtherMarks => closing is null ? [] : [closing];

    internal override bool OnlyAtStart => opening == "{";

    internal override CallReading Read(string text, int start, bool isEnd, ToolDefinitions tools)
    {
        var reader = new CallText(text, start, isEnd);
        if (!OnlyAtStart)
            reader.Position += Openings.First(mark => text.AsSpan(start).StartsWith(mark)).Length;
        var calls = new List<ReadCall>();
        var end = start;
        while (true)
        {
            if (reader.TakeJson() is not { } value)
                return reader.IsIncomplete ? CallReading.Incomplete : CallReading.Of(calls, end);
            var read = value.ValueKind == JsonValueKind.Array
                ? value.EnumerateArray().Select(ReadCall).ToList()
                : [ReadCall(value)];
            if (read.Contains(null))
                return CallReading.Of(calls, end);
            calls.AddRange(read.Select(call => call!.Value));
            end = reader.Position;

            reader.SkipSpace();
            if (closing is not null && reader.TryTake(closing))
                return CallReading.Of(calls, reader.Position);
            if (reader.IsIncomplete)
                return CallReading.Incomplete;
            // Llama separates calls with a semicolon.
            if (reader.Current == ';')
                reader.Position++;
        }
    }

    internal override string Grammar(IReadOnlyList<ToolGrammar> calls, bool allowSeveral)
    {
        var call = string.Join(" | ", calls.Select(tool => IsNamedByKey
            ? $"{Literal($"{{{Json(tool.Name)}: ")} {tool.ArgumentsRule} \"}}\""
            : $"{Literal($"{{{Json(NameKey)}: {Json(tool.Name)}, {Json(ArgumentsKey)}: ")} {tool.ArgumentsRule} \"}}\""));
        var start = Literal(OnlyAtStart ? "" : opening + Between);
        var end = Literal(Between + closing);
        if (IsList)
            return $"{start} \"[\" ({call}){(allowSeveral ? $" (\", \" ({call}))*" : "")} \"]\" {end}";
        var one = $"{start} ({call}) {end}";
        return allowSeveral && !OnlyAtStart ? $"{one} (\"\\n\" {one})*" : one;
    }

    private static string Json(string text) => JsonSerializer.Serialize(text, ToolJson.Default.String);

    private ReadCall? ReadCall(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Object)
            return null;
        if (IsNamedByKey)
        {
            var property = value.EnumerateObject().ToArray();
            return property is [{ Value.ValueKind: JsonValueKind.Object }] ? new ReadCall(property[0].Name, property[0].Value.GetRawText()) : null;
        }
        var id = Find(value, IdKeys) is { ValueKind: JsonValueKind.String } text ? text.GetString() : null;
        if (value.TryGetProperty("function", out var function) && function.ValueKind == JsonValueKind.Object)
            value = function;
        if (Find(value, NameKeys) is not { ValueKind: JsonValueKind.String } name)
            return null;
        return ToolArguments(Find(value, ArgumentKeys)) is { } arguments ? new ReadCall(name.GetString()!, arguments, id) : null;
    }

    /// <summary>Arguments as an object, which some models write as its text; null when they are neither.</summary>
    private string? ToolArguments(JsonElement? arguments)
    {
        switch (arguments)
        {
            // Without opening, an object with a name is not a call unless it has arguments.
            case null:
                return OnlyAtStart ? null : "{}";
            case { ValueKind: JsonValueKind.Object } given:
                return given.GetRawText();
            case { ValueKind: JsonValueKind.Null }:
                return "{}";
            case { ValueKind: JsonValueKind.String } text:
                var reader = new CallText(text.GetString()!, 0, isEnd: true);
                return reader.TakeJson() is { ValueKind: JsonValueKind.Object } inner ? inner.GetRawText() : null;
            default:
                return null;
        }
    }

    private static JsonElement? Find(JsonElement value, string[] keys)
    {
        foreach (var key in keys)
        {
            if (value.TryGetProperty(key, out var found))
                return found;
        }
        return null;
    }
}

/// <summary>JSON of single values, without reflection.</summary>
[JsonSerializable(typeof(string))]
internal sealed partial class ToolJson : JsonSerializerContext;
