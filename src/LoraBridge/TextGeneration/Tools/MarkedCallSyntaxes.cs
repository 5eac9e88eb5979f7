using System.Text.Json;
using System.Text.Json.Nodes;

namespace LoraBridge.TextGeneration.Tools;

/// <summary>Calls of GLM: <c>&lt;tool_call&gt;name&lt;arg_key&gt;key&lt;/arg_key&gt;&lt;arg_value&gt;value&lt;/arg_value&gt;…&lt;/tool_call&gt;</c>.</summary>
internal sealed class GlmCallSyntax : ToolCallSyntax
{
    internal override IReadOnlyList<string> Openings => ["<tool_call>"];

    internal override IReadOnlyList<string> OtherMarks => ["</tool_call>", "<arg_key>", "</arg_key>", "<arg_value>", "</arg_value>"];

    /// <summary>Whether a line ends after the name, and after each key and value.</summary>
    internal bool HasLineBreaks { get; init; }

    internal override string Grammar(IReadOnlyList<ToolGrammar> calls, bool allowSeveral)
    {
        var line = HasLineBreaks ? "\n" : "";
        var call = string.Join(" | ", calls.Select(tool => $"{Literal($"{Openings[0]}{tool.Name}{line}")} "
            + ArgumentRules.InOrder(tool, (argument, value) =>
                $"{Literal($"<arg_key>{argument.Name}</arg_key>{line}<arg_value>")} {value} {Literal($"</arg_value>{line}")}")
            + $" {Literal("</tool_call>")}"));
        return allowSeveral ? $"({call}) (\"\\n\"? ({call}))*" : call;
    }

    internal override CallReading Read(string text, int start, bool isEnd, ToolDefinitions tools)
    {
        var reader = new CallText(text, start + Openings[0].Length, isEnd);
        // The name ends where the first key or the end starts.
        if (reader.TakeUntil("<") is not { } name)
            return reader.IsIncomplete ? CallReading.Incomplete : CallReading.NoCall;
        reader.Position--;
        name = name.Trim();
        var arguments = new List<(string, string)>();
        while (!reader.TryTake("</tool_call>"))
        {
            if (!reader.TryTake("<arg_key>") || reader.TakeUntil("</arg_key>") is not { } key || reader.TakeUntil("<arg_value>") is not { } between
                || between.Trim().Length > 0 || reader.TakeUntil("</arg_value>") is not { } value)
            {
                return reader.IsIncomplete ? CallReading.Incomplete : CallReading.NoCall;
            }
            arguments.Add((key, value));
            reader.SkipSpace();
        }
        return name.Length == 0
            ? CallReading.NoCall
            : CallReading.Of([new ReadCall(name, ArgumentWriter.Text(name, arguments, tools))], reader.Position);
    }
}

/// <summary>
/// Calls of Mistral: a list of JSON objects behind <c>[TOOL_CALLS]</c>, or, since 2025, a name and its arguments:
/// <c>[TOOL_CALLS]name[CALL_ID]id[ARGS]{…}</c>.
/// </summary>
internal sealed class MistralCallSyntax : ToolCallSyntax
{
    private const string Opening = "[TOOL_CALLS]";

    private readonly JsonCallSyntax _list = new(Opening, closing: null) { IsList = true };

    /// <summary>Whether names stand in front of arguments.</summary>
    internal bool IsNamed { get; init; }

    internal override IReadOnlyList<string> Openings => [Opening];

    internal override IReadOnlyList<string> OtherMarks => ["[ARGS]", "[CALL_ID]"];

    internal override CallReading Read(string text, int start, bool isEnd, ToolDefinitions tools)
    {
        var reader = new CallText(text, start + Opening.Length, isEnd);
        reader.SkipSpace();
        if (reader.IsAtEnd)
            return isEnd ? CallReading.NoCall : CallReading.Incomplete;
        if (reader.Current is '[' or '{' && !text.AsSpan(reader.Position).StartsWith("[ARGS]"))
            return _list.Read(text, start, isEnd, tools);
        if (reader.TakeUntil("{") is not { } header)
            return reader.IsIncomplete ? CallReading.Incomplete : CallReading.NoCall;
        reader.Position--;
        if (reader.TakeJson() is not { ValueKind: JsonValueKind.Object } arguments)
            return reader.IsIncomplete ? CallReading.Incomplete : CallReading.NoCall;
        var parts = header.Replace("[ARGS]", "", StringComparison.Ordinal).Split("[CALL_ID]");
        var name = parts[0].Trim();
        return name.Length == 0 || name.Any(char.IsWhiteSpace)
            ? CallReading.NoCall
            : CallReading.Of([new ReadCall(name, arguments.GetRawText(), parts.Length > 1 ? parts[1].Trim() : null)], reader.Position);
    }

    internal override string Grammar(IReadOnlyList<ToolGrammar> calls, bool allowSeveral)
    {
        if (!IsNamed)
            return _list.Grammar(calls, allowSeveral);
        var call = string.Join(" | ", calls.Select(tool => $"\"{Opening}\" {Literal(tool.Name)} \"[ARGS]\" {tool.ArgumentsRule}"));
        return $"({call}){(allowSeveral ? "+" : "")}";
    }
}

/// <summary>Calls of DeepSeek's V3 and R1 (type, name and a code block) and V3.1 (name and arguments), between marks.</summary>
internal sealed class DeepSeekCallSyntax : ToolCallSyntax
{
    private const string Begin = "<｜tool▁call▁begin｜>";
    private const string Separator = "<｜tool▁sep｜>";
    private const string End = "<｜tool▁call▁end｜>";
    private const string EndOfAll = "<｜tool▁calls▁end｜>";

    internal override IReadOnlyList<string> Openings => ["<｜tool▁calls▁begin｜>"];

    internal override IReadOnlyList<string> OtherMarks => [Begin, Separator, End, EndOfAll];

    /// <summary>Whether arguments are code blocks behind type and name (V3, R1), or follow the name (V3.1).</summary>
    internal bool HasCodeBlocks { get; init; }

    internal override string Grammar(IReadOnlyList<ToolGrammar> calls, bool allowSeveral) => Section(
        Openings[0],
        calls.Select(tool => HasCodeBlocks
            ? $"{Literal($"{Begin}function{Separator}{tool.Name}\n```json\n")} {tool.ArgumentsRule} {Literal($"\n```{End}")} \"\\n\"?"
            : $"{Literal($"{Begin}{tool.Name}{Separator}")} {tool.ArgumentsRule} {Literal(End)}"),
        EndOfAll, allowSeveral);

    internal override CallReading Read(string text, int start, bool isEnd, ToolDefinitions tools)
    {
        var reader = new CallText(text, start + Openings[0].Length, isEnd);
        var calls = new List<ReadCall>();
        while (true)
        {
            reader.SkipSpace();
            if (reader.TryTake(EndOfAll))
                return CallReading.Of(calls, reader.Position);
            if (!reader.TryTake(Begin) || reader.TakeUntil(Separator) is not { } header || reader.TakeUntil(End) is not { } body)
                return reader.IsIncomplete ? CallReading.Incomplete : CallReading.NoCall;
            var brace = body.IndexOf('{', StringComparison.Ordinal);
            if (brace < 0 || new CallText(body, brace, isEnd: true).TakeJson() is not { } arguments)
                return CallReading.NoCall;
            var before = body[..brace].Replace("```json", "", StringComparison.Ordinal).Trim();
            calls.Add(new ReadCall(before.Length > 0 ? before : header.Trim(), arguments.GetRawText()));
        }
    }
}

/// <summary>Calls of DeepSeek's V3.2 and later, in its own markup.</summary>
/// <param name="areToolCalls">Whether the section is called so, and not function calls.</param>
internal sealed class DsmlCallSyntax(bool areToolCalls) : ToolCallSyntax
{
    private const string Mark = "｜DSML｜";

    internal override IReadOnlyList<string> Openings { get; } = areToolCalls
        ? [$"<{Mark}tool_calls>", $"<{Mark}function_calls>"]
        : [$"<{Mark}function_calls>", $"<{Mark}tool_calls>"];

    internal override IReadOnlyList<string> OtherMarks => [Mark];

    internal override string Grammar(IReadOnlyList<ToolGrammar> calls, bool allowSeveral) => Section(
        Openings[0] + "\n",
        calls.Select(tool => $"{Literal($"<{Mark}invoke name=\"{tool.Name}\">\n")} "
            + ArgumentRules.InOrder(tool, (argument, value) =>
                $"{Literal($"<{Mark}parameter name=\"{argument.Name}\" string=\"{(argument.IsText ? "true" : "false")}\">")} {value} {Literal($"</{Mark}parameter>\n")}")
            + $" {Literal($"</{Mark}invoke>\n")}"),
        $"</{Openings[0][1..]}", allowSeveral);

    internal override CallReading Read(string text, int start, bool isEnd, ToolDefinitions tools)
    {
        var opening = Openings.First(mark => text.AsSpan(start).StartsWith(mark));
        var reader = new CallText(text, start + opening.Length, isEnd);
        var calls = new List<ReadCall>();
        while (true)
        {
            reader.SkipSpace();
            if (reader.TryTake($"</{opening[1..]}"))
                return CallReading.Of(calls, reader.Position);
            if (!reader.TryTake($"<{Mark}invoke name=\"") || reader.TakeUntil("\">") is not { } name || TakeArguments(reader) is not { } arguments)
                return reader.IsIncomplete ? CallReading.Incomplete : CallReading.NoCall;
            calls.Add(new ReadCall(name, arguments));
        }
    }

    private static string? TakeArguments(CallText reader)
    {
        var arguments = new JsonObject();
        while (true)
        {
            reader.SkipSpace();
            if (reader.TryTake($"</{Mark}invoke>"))
                return ArgumentWriter.Text(arguments);
            if (!reader.TryTake($"<{Mark}parameter name=\"") || reader.TakeUntil("\" string=\"") is not { } name
                || reader.TakeUntil("\">") is not { } isText || reader.TakeUntil($"</{Mark}parameter>") is not { } value)
            {
                return null;
            }
            arguments[name] = isText == "true" ? JsonValue.Create(value) : ArgumentWriter.Guess(value);
        }
    }
}

/// <summary>Calls of Kimi K2: <c>functions.name:0</c> and the arguments, between marks.</summary>
internal sealed class KimiCallSyntax : ToolCallSyntax
{
    private const string Begin = "<|tool_call_begin|>";
    private const string Arguments = "<|tool_call_argument_begin|>";
    private const string End = "<|tool_call_end|>";
    private const string EndOfAll = "<|tool_calls_section_end|>";

    internal override IReadOnlyList<string> Openings => ["<|tool_calls_section_begin|>"];

    internal override IReadOnlyList<string> OtherMarks => [Begin, Arguments, End, EndOfAll];

    internal override string Grammar(IReadOnlyList<ToolGrammar> calls, bool allowSeveral) => Section(
        Openings[0],
        calls.Select(tool => $"{Literal($"{Begin}functions.{tool.Name}:")} [0-9]{{1,2}} {Literal(Arguments)} {tool.ArgumentsRule} {Literal(End)}"),
        EndOfAll, allowSeveral);

    internal override CallReading Read(string text, int start, bool isEnd, ToolDefinitions tools)
    {
        var reader = new CallText(text, start + Openings[0].Length, isEnd);
        var calls = new List<ReadCall>();
        while (true)
        {
            reader.SkipSpace();
            if (reader.TryTake(EndOfAll))
                return CallReading.Of(calls, reader.Position);
            if (!reader.TryTake(Begin) || reader.TakeUntil(Arguments) is not { } header)
                return reader.IsIncomplete ? CallReading.Incomplete : CallReading.NoCall;
            if (reader.TakeJson() is not { ValueKind: JsonValueKind.Object } arguments || reader.TakeUntil(End) is null)
                return reader.IsIncomplete ? CallReading.Incomplete : CallReading.NoCall;
            var id = header.Trim();
            var name = id.StartsWith("functions.", StringComparison.Ordinal) ? id["functions.".Length..] : id;
            var colon = name.LastIndexOf(':');
            calls.Add(new ReadCall(colon > 0 ? name[..colon] : name, arguments.GetRawText(), id));
        }
    }
}

/// <summary>Calls in a format of the name in front of the arguments: <c>&lt;function=name&gt;{…}&lt;/function&gt;</c>.</summary>
internal sealed class FunctionTagCallSyntax : ToolCallSyntax
{
    internal override IReadOnlyList<string> Openings => ["<function="];

    internal override CallReading Read(string text, int start, bool isEnd, ToolDefinitions tools)
    {
        var reader = new CallText(text, start + Openings[0].Length, isEnd);
        if (reader.TakeUntil(">") is not { } name || reader.TakeJson() is not { ValueKind: JsonValueKind.Object } arguments)
            return reader.IsIncomplete ? CallReading.Incomplete : CallReading.NoCall;
        var end = reader.Position;
        reader.SkipSpace();
        if (reader.TryTake("</function>"))
            end = reader.Position;
        else if (reader.IsIncomplete)
            return CallReading.Incomplete;
        return CallReading.Of([new ReadCall(name.Trim(), arguments.GetRawText())], end);
    }

    internal override string Grammar(IReadOnlyList<ToolGrammar> calls, bool allowSeveral)
    {
        var call = string.Join(" | ", calls.Select(tool => $"{Literal($"<function={tool.Name}>")} {tool.ArgumentsRule} \"</function>\""));
        return $"({call}){(allowSeveral ? "+" : "")}";
    }
}

/// <summary>Calls of Functionary 3.2: every part of an answer names whom it is for: <c>&gt;&gt;&gt;name</c> and a line break.</summary>
internal sealed class RecipientCallSyntax : ToolCallSyntax
{
    internal override IReadOnlyList<string> Openings => [">>>"];

    internal override CallReading Read(string text, int start, bool isEnd, ToolDefinitions tools)
    {
        var reader = new CallText(text, start + Openings[0].Length, isEnd);
        if (reader.TakeUntil("\n") is not { } name || name == "all" || reader.TakeJson() is not { ValueKind: JsonValueKind.Object } arguments)
            return reader.IsIncomplete ? CallReading.Incomplete : CallReading.NoCall;
        return CallReading.Of([new ReadCall(name.Trim(), arguments.GetRawText())], reader.Position);
    }
}

/// <summary>Calls of MiroThinker: a server, a name and JSON, as elements.</summary>
internal sealed class McpCallSyntax : ToolCallSyntax
{
    internal override IReadOnlyList<string> Openings => ["<use_mcp_tool>"];

    internal override CallReading Read(string text, int start, bool isEnd, ToolDefinitions tools)
    {
        var reader = new CallText(text, start + Openings[0].Length, isEnd);
        var calls = new List<ReadCall>();
        while (true)
        {
            reader.SkipSpace();
            if (reader.TryTake("</use_mcp_tool>"))
                return CallReading.Of(calls, reader.Position);
            if (reader.TakeUntil("<tool_name>") is null || reader.TakeUntil("</tool_name>") is not { } name || reader.TakeUntil("<arguments>") is null
                || reader.TakeJson() is not { ValueKind: JsonValueKind.Object } arguments || reader.TakeUntil("</arguments>") is null)
            {
                return reader.IsIncomplete ? CallReading.Incomplete : CallReading.NoCall;
            }
            calls.Add(new ReadCall(name.Trim(), arguments.GetRawText()));
        }
    }
}

/// <summary>Calls as Python writes them: <c>[name(key='value')]</c>, of LFM2.</summary>
internal sealed class PythonCallSyntax(string opening, string closing) : ToolCallSyntax
{
    internal override IReadOnlyList<string> Openings => [opening];

    internal override IReadOnlyList<string> OtherMarks => [closing];

    internal override CallReading Read(string text, int start, bool isEnd, ToolDefinitions tools)
    {
        var reader = new CallText(text, start + opening.Length, isEnd);
        if (reader.TakeUntil(closing) is not { } body)
            return reader.IsIncomplete ? CallReading.Incomplete : CallReading.NoCall;
        var python = new PythonLiteral(body, 0);
        var calls = new List<ReadCall>();
        if (!python.TryTake('['))
            return CallReading.NoCall;
        while (!python.TryTake(']'))
        {
            if (TakeCall(python) is not { } call)
                return CallReading.NoCall;
            calls.Add(call);
            python.TryTake(',');
        }
        return CallReading.Of(calls, reader.Position);
    }

    private static ReadCall? TakeCall(PythonLiteral python)
    {
        var name = python.TakeName();
        if (name.Length == 0 || !python.TryTake('('))
            return null;
        var arguments = new JsonObject();
        while (!python.TryTake(')'))
        {
            var key = python.TakeName();
            if (key.Length == 0 || !python.TryTake('=') || !python.TryRead(out var value))
                return null;
            arguments[key] = value;
            python.TryTake(',');
        }
        return new ReadCall(name, ArgumentWriter.Text(arguments));
    }
}
