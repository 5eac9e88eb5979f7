using System.Text.Json;
using LoraBridge.TextGeneration.Grammars;
using LoraBridge.TextGeneration.Grammars.Schema;

namespace LoraBridge.TextGeneration.Tools;

/// <summary>Grammars of arguments in formats that write them one by one, and texts without quotes.</summary>
internal static class ArgumentRules
{
    /// <summary>Texts without quotes end where the next mark starts, so they hold none.</summary>
    private const string TextCharacter = "[^<]";

    private static readonly JsonElement AnyValue = JsonElement.Parse("true");

    /// <summary>The arguments of a tool that its schema names, in its order.</summary>
    internal static IEnumerable<ToolArgument> Of(ToolGrammar tool)
    {
        if (Property(tool.Schema, "properties") is not { ValueKind: JsonValueKind.Object } properties)
            yield break;
        foreach (var property in properties.EnumerateObject())
            yield return new ToolArgument(property.Name, property.Value, IsText(property.Value), IsRequired(tool.Schema, property.Name));
    }

    /// <summary>One argument after the other, without anything between them; those that are not required may be missing.</summary>
    /// <param name="tool">The tool.</param>
    /// <param name="element">Writes an argument, given the rule of its value.</param>
    internal static string InOrder(ToolGrammar tool, Func<ToolArgument, string, string> element) => string.Join(' ', Of(tool).Select(argument =>
    {
        var rule = element(argument, argument.IsText ? Text(argument.Schema) : Json(tool, argument.Schema));
        return argument.IsRequired ? rule : $"({rule})?";
    }));

    /// <summary>Arguments with commas between them: those that are required first.</summary>
    internal static string Listed(IReadOnlyList<(string Rule, bool IsRequired)> members)
    {
        string[] required = [.. members.Where(member => member.IsRequired).Select(member => member.Rule)];
        string[] optional = [.. members.Where(member => !member.IsRequired).Select(member => member.Rule)];
        if (required.Length > 0)
            return $"{string.Join(" \",\" ", required)}{Following(optional)}";
        if (optional.Length == 0)
            return "\"\"";
        return $"({string.Join(" | ", optional.Select((rule, i) => $"{rule}{Following(optional[(i + 1)..])}"))})?";

        static string Following(IEnumerable<string> rules) => string.Concat(rules.Select(rule => $" (\",\" {rule})?"));
    }

    /// <summary>A text without quotes: one of those that the schema lists, or any of its length. Patterns and formats are left to the function.</summary>
    internal static string Text(JsonElement schema)
    {
        if (Property(schema, "const") is { ValueKind: JsonValueKind.String } only)
            return GrammarWriter.Literal(only.GetString()!);
        if (Property(schema, "enum") is { ValueKind: JsonValueKind.Array } listed)
        {
            string[] literals = [.. listed.EnumerateArray().Where(value => value.ValueKind == JsonValueKind.String).Select(value => GrammarWriter.Literal(value.GetString()!))];
            if (literals.Length > 0)
                return $"({string.Join(" | ", literals)})";
        }
        return $"{TextCharacter}{StringSchema.Counts(Count(schema, "minLength") ?? 0, Count(schema, "maxLength"))}";
    }

    /// <summary>A value of the schema as JSON; any value where no grammar can be made of it.</summary>
    internal static string Json(ToolGrammar tool, JsonElement schema)
    {
        try
        {
            JsonSchemaGrammar.Add(tool.Schema, schema, new GrammarWriter());
            return JsonSchemaGrammar.Add(tool.Schema, schema, tool.Writer);
        }
        catch (GrammarException)
        {
            return JsonSchemaGrammar.Add(AnyValue, tool.Writer);
        }
    }

    /// <summary>Whether a schema is one of strings, as <see cref="ToolDefinitions.IsText"/> sees it.</summary>
    internal static bool IsText(JsonElement schema) => TypeOf(schema) == "string";

    /// <summary>The only type that a schema allows; null when it does not say, or allows several.</summary>
    internal static string? TypeOf(JsonElement schema) => Property(schema, "type") switch
    {
        { ValueKind: JsonValueKind.String } type => type.GetString(),
        { ValueKind: JsonValueKind.Array } types when types.GetArrayLength() == 1 && types[0].ValueKind == JsonValueKind.String => types[0].GetString(),
        _ => null,
    };

    internal static JsonElement? Property(JsonElement schema, string name) =>
        schema.ValueKind == JsonValueKind.Object && schema.TryGetProperty(name, out var value) ? value : null;

    internal static bool IsRequired(JsonElement schema, string property) =>
        Property(schema, "required") is { ValueKind: JsonValueKind.Array } required && required.EnumerateArray().Any(name => name.ValueEquals(property));

    private static int? Count(JsonElement schema, string name) =>
        Property(schema, name) is { ValueKind: JsonValueKind.Number } value && value.TryGetInt32(out var count) && count >= 0 ? count : null;
}

/// <summary>An argument of a tool.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Schema">Its schema.</param>
/// <param name="IsText">Whether it is a string, which many formats write without quotes.</param>
/// <param name="IsRequired">Whether every call has it.</param>
internal readonly record struct ToolArgument(string Name, JsonElement Schema, bool IsText, bool IsRequired);
