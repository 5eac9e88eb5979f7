namespace LoraBridge.TextGeneration.Tools;

/// <summary>Recognises how a model writes calls of tools, by what its chat template says.</summary>
internal static class ToolCallSyntaxes
{
    private const string ProbeKey = "probe_key";
    private const string ProbeValue = "probe value";

    /// <summary>In this order: the more a text says, the earlier it is looked for.</summary>
    private static readonly (string[] Texts, Func<string, ToolCallSyntax> Make)[] Families =
    [
        (["｜DSML｜"], template => new DsmlCallSyntax(template.Contains("｜tool_calls", StringComparison.Ordinal))),
        (["<|tool_calls_section_begin|>"], _ => new KimiCallSyntax()),
        (["<｜tool▁calls▁begin｜>"], template => new DeepSeekCallSyntax { HasCodeBlocks = template.Contains("```json", StringComparison.Ordinal) }),
        (["<arg_key>"], template => new GlmCallSyntax { HasLineBreaks = template.Contains("</arg_key>\\n", StringComparison.Ordinal) }),
        (["<|tool_call>call:"], _ => new GemmaCallSyntax()),
        (["<use_mcp_tool>"], _ => new McpCallSyntax()),
        ([">>>", "recipient"], _ => new RecipientCallSyntax()),
        (["<seed:tool_call>"], _ => new XmlCallSyntax("<seed:tool_call>", "</seed:tool_call>")),
        (["<function=", "<parameter="], _ => new XmlCallSyntax("<tool_call>", "</tool_call>")),
        (["<function="], _ => new FunctionTagCallSyntax()),
        (["[TOOL_CALLS]"], template => new MistralCallSyntax { IsNamed = template.Contains("[ARGS]", StringComparison.Ordinal) }),
        (["<|START_ACTION|>"], _ => new JsonCallSyntax("<|START_ACTION|>", "<|END_ACTION|>")
            { IsList = true, NameKey = "tool_name", ArgumentsKey = "parameters" }),
        (["<|tool_call_start|>"], _ => new PythonCallSyntax("<|tool_call_start|>", "<|tool_call_end|>")),
        (["<|tool_list_start|>"], _ => new PythonCallSyntax("<|tool_call_start|>", "<|tool_call_end|>")),
        (["<|tools_prefix|>"], _ => new JsonCallSyntax("<|tools_prefix|>", "<|tools_suffix|>") { IsList = true, IsNamedByKey = true }),
        (["<TOOLCALL>"], _ => new JsonCallSyntax("<TOOLCALL>", "</TOOLCALL>") { IsList = true }),
        (["<tool_calls>"], _ => new JsonCallSyntax("<tool_calls>", "</tool_calls>") { IsList = true }),
        (["<|tool_call|>"], template => new JsonCallSyntax(
            "<|tool_call|>", template.Contains("<|/tool_call|>", StringComparison.Ordinal) ? "<|/tool_call|>" : null) { IsList = true }),
        (["<|function_call|>"], _ => new JsonCallSyntax("<|function_call|>", closing: null)),
        (["'function call'", "<|role_sep|>"], _ => new JsonCallSyntax("function call<|role_sep|>\n", "<|message_sep|>")),
        (["functools["], _ => new JsonCallSyntax("functools", closing: null) { IsList = true }),
        (["<tool_call>"], _ => new JsonCallSyntax("<tool_call>", "</tool_call>") { Between = "\n" }),
        (["Action:", "```json", "tool_name"], _ => new JsonCallSyntax("Action:\n```json\n", "```")
            { AlsoOpenings = ["Action: ```json\n", "Action:```json\n"], IsList = true, NameKey = "tool_name", ArgumentsKey = "parameters" }),
        (["<|python_start|>"], _ => new JsonCallSyntax("<|python_end|>", closing: null) { ArgumentsKey = "parameters" }),
        (["ipython", "\"parameters\": "], _ => new JsonCallSyntax("{", closing: null) { ArgumentsKey = "parameters" }),
    ];

    /// <summary>The format of a template's family; null when the template says nothing of calls.</summary>
    /// <param name="template">The source of the chat template.</param>
    /// <param name="render">Renders a conversation by it: how values are laid out is looked up in what comes out.</param>
    internal static ToolCallSyntax? Recognize(string template, Func<IReadOnlyList<ChatMessage>, string> render)
    {
        foreach (var (texts, make) in Families)
        {
            if (!Array.TrueForAll(texts, text => template.Contains(text, StringComparison.Ordinal)))
                continue;
            var syntax = make(template);
            return syntax is XmlCallSyntax or GlmCallSyntax && Example(render) is { } example ? WithLineBreaks(syntax, example) : syntax;
        }
        return null;
    }

    /// <summary>A call as the template writes it; null when it writes none.</summary>
    private static string? Example(Func<IReadOnlyList<ChatMessage>, string> render)
    {
        var call = new ToolCall("probe0001", "probe", $$"""{"{{ProbeKey}}": "{{ProbeValue}}"}""");
        try
        {
            return render([new ChatMessage(ChatRole.User, "?"), new ChatMessage(ChatRole.Assistant, "") { ToolCalls = ToolCall.ToJson([call]) }]);
        }
        catch (ChatTemplateException)
        {
            return null;
        }
    }

    private static ToolCallSyntax WithLineBreaks(ToolCallSyntax syntax, string example)
    {
        var at = example.IndexOf(ProbeValue, StringComparison.Ordinal);
        if (at < 1 || at + ProbeValue.Length >= example.Length)
            return syntax;
        return syntax is XmlCallSyntax
            ? new XmlCallSyntax(syntax.Openings[0], syntax.OtherMarks[0]) { LineBreaks = (example[at - 1] == '\n', example[at + ProbeValue.Length] == '\n') }
            : new GlmCallSyntax { HasLineBreaks = example.Contains("</arg_key>\n", StringComparison.Ordinal) };
    }
}
