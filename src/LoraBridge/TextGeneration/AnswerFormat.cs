using LoraBridge.TextGeneration.Reasoning;
using LoraBridge.TextGeneration.Tools;

namespace LoraBridge.TextGeneration;

/// <summary>How the answers of a model are built, recognised by its chat template: thoughts, calls of tools, marks around the text.</summary>
/// <param name="Reasoning">Marks around thoughts; null for none.</param>
/// <param name="Tools">How tools are called; null when the template says nothing of it.</param>
/// <param name="IsHarmony">Whether answers are messages on channels, as gpt-oss writes them.</param>
/// <param name="Wrappers">Marks around the text of an answer that are not part of it.</param>
internal sealed record AnswerFormat(ReasoningMarks? Reasoning, ToolCallSyntax? Tools, bool IsHarmony, IReadOnlyList<string> Wrappers)
{
    private static readonly string[] KnownWrappers =
    [
        "<|START_RESPONSE|>", "<|END_RESPONSE|>", "<|START_TEXT|>", "<|END_TEXT|>", "<response>", "</response>", "<|python_start|>", "<|message_sep|>",
    ];

    /// <summary>An answer is nothing but text.</summary>
    internal static AnswerFormat Plain { get; } = new(null, null, false, []);

    /// <param name="template">The source of the chat template; null for none.</param>
    /// <param name="render">Renders a conversation by it.</param>
    internal static AnswerFormat Recognize(string? template, Func<IReadOnlyList<ChatMessage>, string> render)
    {
        if (string.IsNullOrEmpty(template))
            return Plain;
        if (template.Contains("<|channel|>", StringComparison.Ordinal) && template.Contains("<|message|>", StringComparison.Ordinal))
            return new AnswerFormat(null, null, IsHarmony: true, []);
        var tools = ToolCallSyntaxes.Recognize(template, render);
        var wrappers = KnownWrappers.Where(mark => template.Contains(mark, StringComparison.Ordinal));
        return new AnswerFormat(
            ReasoningMarks.Recognize(template), tools, IsHarmony: false, [.. wrappers, .. tools is RecipientCallSyntax ? (string[])[">>>all\n"] : []]);
    }

    /// <summary>A parser for one answer.</summary>
    /// <param name="prompt">The prompt as text, or its end: that tells whether the answer starts with thoughts.</param>
    /// <param name="tools">The tools on offer.</param>
    /// <param name="syntax">How they are called; the family's own unless another way was asked for.</param>
    /// <param name="ids">Makes ids for calls.</param>
    internal IAnswerParser Parser(string prompt, ToolDefinitions tools, ToolCallSyntax? syntax, CallIds ids)
    {
        if (IsHarmony)
            return new HarmonyAnswerParser(ids);
        if (tools.Parameters.Count == 0)
            syntax = null;
        if (syntax is null && Reasoning is null && Wrappers.Count == 0)
            return new PlainAnswerParser();
        var opened = syntax is RecipientCallSyntax && prompt.EndsWith(">>>", StringComparison.Ordinal) ? ">>>" : "";
        return new MarkedAnswerParser(Reasoning, Reasoning?.AreOpenAfter(prompt) == true, syntax, tools, Wrappers, ids, opened);
    }

    /// <summary>A parser for one answer in the family's own format.</summary>
    /// <param name="prompt">The prompt as text.</param>
    /// <param name="tools">The tools on offer: a JSON array; null for none.</param>
    internal IAnswerParser Parser(string prompt, string? tools) => Parser(prompt, ToolDefinitions.Parse(tools), Tools, new CallIds(prompt));
}
