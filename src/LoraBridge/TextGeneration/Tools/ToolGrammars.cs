using System.Text.Json;
using LoraBridge.TextGeneration.Grammars.Schema;

namespace LoraBridge.TextGeneration.Tools;

/// <summary>Makes grammars of tools: an answer that follows one is a call that the tools' schemas accept.</summary>
internal static class ToolGrammars
{
    /// <summary>The grammar of a section with calls.</summary>
    /// <param name="tools">The tools.</param>
    /// <param name="name">The only one that may be called; null for any.</param>
    /// <param name="allowSeveral">Whether there may be more than one call.</param>
    /// <param name="format">Writes the section, given the tools; null when the family's format is not made by a grammar.</param>
    internal static Grammar? Make(ToolDefinitions tools, string? name, bool allowSeveral, Func<IReadOnlyList<ToolGrammar>, bool, string?> format)
    {
        var writer = new GrammarWriter();
        var root = writer.Reserve("root");
        var calls = tools.Parameters.Where(tool => name is null || tool.Key == name)
            .Select(tool => new ToolGrammar(tool.Key, ArgumentsRule(tool.Value, writer), tool.Value, writer)).ToList();
        if (format(calls, allowSeveral) is not { } body)
            return null;
        writer.Define(root, body);
        return Grammar.Parse(writer.ToString());
    }

    /// <summary>
    /// The rule of a tool's arguments: none where it says nothing of them. A schema that no grammar can be made for leaves them open:
    /// better a call that its function must check than none at all.
    /// </summary>
    private static string ArgumentsRule(JsonElement schema, GrammarWriter writer)
    {
        if (schema.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null)
            return writer.Shared("no-arguments", "\"{}\"");
        try
        {
            Grammar.FromJsonSchema(schema.GetRawText());
            return JsonSchemaGrammar.Add(schema, writer);
        }
        catch (GrammarException)
        {
            return JsonSchemaGrammar.Add(JsonSchemaGrammar.AnyObject, writer);
        }
    }
}
