using System.Text.Json;

namespace LoraBridge.TextGeneration.Tools;

/// <summary>What a list of tools says: their names, and the schemas of their arguments.</summary>
internal sealed class ToolDefinitions
{
    private readonly Dictionary<string, JsonElement> _parameters = [];

    private ToolDefinitions()
    {
    }

    /// <summary>No tool at all.</summary>
    internal static ToolDefinitions None { get; } = new();

    /// <summary>The tools with the schemas of their arguments, in the order of the list.</summary>
    internal IReadOnlyCollection<KeyValuePair<string, JsonElement>> Parameters => _parameters;

    /// <summary>Reads a JSON array in the shape of OpenAI's <c>tools</c>; tools may also stand without the <c>function</c> around them.</summary>
    /// <exception cref="ArgumentException">The text is none.</exception>
    internal static ToolDefinitions Parse(string? tools)
    {
        if (string.IsNullOrWhiteSpace(tools))
            return None;
        JsonElement list;
        try
        {
            list = JsonElement.Parse(tools);
        }
        catch (JsonException exception)
        {
            throw new ArgumentException($"The tools are no JSON: {exception.Message}", nameof(tools), exception);
        }
        if (list.ValueKind != JsonValueKind.Array)
            throw new ArgumentException($"The tools must be a JSON array, found {list.ValueKind}.", nameof(tools));
        var result = new ToolDefinitions();
        foreach (var tool in list.EnumerateArray())
        {
            var function = tool.ValueKind == JsonValueKind.Object && tool.TryGetProperty("function", out var inner) ? inner : tool;
            if (function.ValueKind != JsonValueKind.Object || !function.TryGetProperty("name", out var name) || name.ValueKind != JsonValueKind.String)
                throw new ArgumentException($"A tool has no name: {tool.GetRawText()}", nameof(tools));
            result._parameters[name.GetString()!] = function.TryGetProperty("parameters", out var parameters) ? parameters : default;
        }
        return result;
    }

    /// <summary>Whether an argument is a string by its schema; null where nothing is said of it.</summary>
    internal bool? IsText(string tool, string argument)
    {
        if (!_parameters.TryGetValue(tool, out var parameters) || parameters.ValueKind != JsonValueKind.Object
            || !parameters.TryGetProperty("properties", out var properties) || properties.ValueKind != JsonValueKind.Object
            || !properties.TryGetProperty(argument, out var schema) || schema.ValueKind != JsonValueKind.Object)
        {
            return null;
        }
        if (!schema.TryGetProperty("type", out var type))
            return null;
        return type.ValueKind switch
        {
            JsonValueKind.String => type.ValueEquals("string"),
            JsonValueKind.Array when type.GetArrayLength() == 1 => type[0].ValueKind == JsonValueKind.String && type[0].ValueEquals("string"),
            _ => null,
        };
    }
}
