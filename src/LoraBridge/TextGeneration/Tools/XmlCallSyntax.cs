using System.Text.Json;

namespace LoraBridge.TextGeneration.Tools;

/// <summary>
/// Calls as elements with a parameter each: <c>&lt;tool_call&gt;&lt;function=name&gt;&lt;parameter=key&gt;value&lt;/parameter&gt;…</c>, as
/// Qwen3 Coder, Nemotron 3, Seed and Step write them.
/// </summary>
/// <param name="opening">The text in front of a call.</param>
/// <param name="closing">The text behind it.</param>
internal sealed class XmlCallSyntax(string opening, string closing) : ToolCallSyntax
{
    /// <summary>Whether a value starts and ends on lines of its own.</summary>
    internal (bool Before, bool After) LineBreaks { get; init; } = (true, true);

    internal override IReadOnlyList<string> Openings => [opening];

    internal override IReadOnlyList<string> OtherMarks => [closing];

    internal override string Grammar(IReadOnlyList<ToolGrammar> calls, bool allowSeveral)
    {
        var (before, after) = (LineBreaks.Before ? "\n" : "", LineBreaks.After ? "\n" : "");
        var call = string.Join(" | ", calls.Select(tool => $"{Literal($"{opening}\n<function={tool.Name}>\n")} "
            + ArgumentRules.InOrder(tool, (argument, value) =>
                $"{Literal($"<parameter={argument.Name}>{before}")} {value} {Literal($"{after}</parameter>\n")}")
            + $" {Literal($"</function>\n{closing}")}"));
        return allowSeveral ? $"({call}) (\"\\n\"? ({call}))*" : call;
    }

    internal override CallReading Read(string text, int start, bool isEnd, ToolDefinitions tools)
    {
        var reader = new CallText(text, start + opening.Length, isEnd);
        reader.SkipSpace();
        if (!reader.TryTake("<function="))
            return Unfinished(reader);
        if (reader.TakeUntil(">") is not { } name)
            return Unfinished(reader);
        var arguments = new List<(string, string)>();
        while (true)
        {
            reader.SkipSpace();
            if (reader.TryTake("</function>"))
                break;
            if (reader.TryTake("<arguments>"))
            {
                // Arguments that were given as text are handed on as they are.
                if (reader.TakeJson() is not { ValueKind: JsonValueKind.Object } whole || reader.TakeUntil("</arguments>") is null
                    || reader.TakeUntil("</function>") is null || reader.TakeUntil(closing) is null)
                {
                    return Unfinished(reader);
                }
                return CallReading.Of([new ReadCall(name.Trim(), whole.GetRawText())], reader.Position);
            }
            if (!reader.TryTake("<parameter=") || reader.TakeUntil(">") is not { } key || reader.TakeUntil("</parameter>") is not { } value)
                return Unfinished(reader);
            arguments.Add((key.Trim(), Trim(value)));
        }
        var end = reader.Position;
        reader.SkipSpace();
        if (reader.TryTake(closing))
            end = reader.Position;
        else if (reader.IsIncomplete)
            return CallReading.Incomplete;
        return CallReading.Of([new ReadCall(name.Trim(), ArgumentWriter.Text(name.Trim(), arguments, tools))], end);
    }

    private string Trim(string value)
    {
        var start = LineBreaks.Before && value.StartsWith('\n') ? 1 : 0;
        var end = LineBreaks.After && value.EndsWith('\n') && value.Length > start ? 1 : 0;
        return value[start..^end];
    }

    private static CallReading Unfinished(CallText reader) => reader.IsIncomplete ? CallReading.Incomplete : CallReading.NoCall;
}
