using System.Globalization;
using System.Numerics;
using System.Text.Json;

namespace LoraBridge.TextGeneration.Grammars.Schema;

/// <summary>The keywords of one schema, or of several that must hold at once, and where they stand.</summary>
/// <param name="Path">JSON pointer into the document, for messages.</param>
/// <param name="Keywords">The keywords that restrict the value; notes such as <c>title</c> are left out.</param>
internal sealed record SchemaNode(string Path, IReadOnlyDictionary<string, JsonElement> Keywords)
{
    private static readonly HashSet<string> Notes =
    [
        "$schema", "$id", "id", "$comment", "$defs", "definitions", "title", "description", "default", "examples", "example", "deprecated",
        "readOnly", "writeOnly", "contentEncoding", "contentMediaType", "discriminator",
    ];

    private static readonly HashSet<string> Known =
    [
        "$ref", "type", "enum", "const", "allOf", "anyOf", "oneOf",
        "properties", "required", "additionalProperties", "minProperties", "maxProperties",
        "items", "prefixItems", "additionalItems", "minItems", "maxItems", "uniqueItems",
        "minLength", "maxLength", "pattern", "format",
        "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum",
    ];

    /// <summary>Reads a schema that is an object.</summary>
    /// <exception cref="GrammarException">It is none, or has a keyword that no grammar can be made for; the message names it.</exception>
    internal static SchemaNode Of(JsonElement schema, string path)
    {
        if (schema.ValueKind != JsonValueKind.Object)
            throw Fault(path, $"a schema must be an object or a boolean, found {Describe(schema)}");
        var keywords = new Dictionary<string, JsonElement>();
        foreach (var keyword in schema.EnumerateObject())
        {
            if (Notes.Contains(keyword.Name) || keyword.Name.StartsWith("x-", StringComparison.Ordinal))
                continue;
            if (!Known.Contains(keyword.Name))
                throw Fault(path, $"the keyword '{keyword.Name}' is not supported");
            keywords[keyword.Name] = keyword.Value;
        }
        return new SchemaNode(path, keywords);
    }

    internal bool Has(string keyword) => Keywords.ContainsKey(keyword);

    internal JsonElement? Find(string keyword) => Keywords.TryGetValue(keyword, out var value) ? value : null;

    internal SchemaNode Without(params ReadOnlySpan<string> keywords)
    {
        var rest = new Dictionary<string, JsonElement>(Keywords);
        foreach (var keyword in keywords)
            rest.Remove(keyword);
        return this with { Keywords = rest };
    }

    internal SchemaNode With(string keyword, JsonElement value) =>
        this with { Keywords = new Dictionary<string, JsonElement>(Keywords) { [keyword] = value } };

    /// <summary>A keyword that is a number of things, or null where it is missing.</summary>
    internal int? Count(string keyword)
    {
        if (Find(keyword) is not { } value)
            return null;
        if (value.ValueKind == JsonValueKind.Number && value.TryGetDecimal(out var number)
            && number == decimal.Truncate(number) && number is >= 0 and <= int.MaxValue)
        {
            return (int)number;
        }
        throw Fault($"'{keyword}' must be a whole number from 0 to {int.MaxValue}, found {Describe(value)}");
    }

    /// <summary>A keyword that is a number, or null where it is missing.</summary>
    internal decimal? Number(string keyword)
    {
        if (Find(keyword) is not { } value)
            return null;
        if (value.ValueKind == JsonValueKind.Number && value.TryGetDecimal(out var number))
            return number;
        throw Fault(value.ValueKind == JsonValueKind.Number
            ? $"'{keyword}' is {value.GetRawText()}, which is beyond the range of decimal numbers"
            : $"'{keyword}' must be a number, found {Describe(value)}");
    }

    internal string? Text(string keyword)
    {
        if (Find(keyword) is not { } value)
            return null;
        return value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : throw Fault($"'{keyword}' must be a string, found {Describe(value)}");
    }

    internal JsonElement[] List(string keyword)
    {
        if (Find(keyword) is not { } value)
            return [];
        if (value.ValueKind != JsonValueKind.Array)
            throw Fault($"'{keyword}' must be an array, found {Describe(value)}");
        return [.. value.EnumerateArray()];
    }

    /// <summary>The types of the keyword <c>type</c>; null where it is missing.</summary>
    internal string[]? Types()
    {
        if (Find("type") is not { } type)
            return null;
        string[] types = type.ValueKind switch
        {
            JsonValueKind.String => [type.GetString()!],
            JsonValueKind.Array when type.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String) =>
                [.. type.EnumerateArray().Select(item => item.GetString()!)],
            _ => throw Fault($"'type' must be a string or an array of strings, found {Describe(type)}"),
        };
        foreach (var name in types)
        {
            if (name is not ("object" or "array" or "string" or "number" or "integer" or "boolean" or "null"))
                throw Fault($"'{name}' is no type of JSON");
        }
        return types.Length > 0 ? types : throw Fault("'type' allows no type at all");
    }

    internal GrammarException Fault(string message) => Fault(Path, message);

    internal static GrammarException Fault(string path, string message) => new($"JSON schema, {(path.Length == 0 ? "#" : path)}: {message}.");

    internal static string Describe(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "an array",
        JsonValueKind.Undefined => "nothing",
        _ => value.GetRawText(),
    };
}
