using System.Text.Json;

namespace LoraBridge.Data;

/// <summary>Reads typed fields from a row and says what is wrong with one that has another type.</summary>
internal static class JsonFields
{
    public static bool Has(this JsonElement row, string name) => row.TryGetProperty(name, out _);

    public static string Text(this JsonElement row, string name) =>
        row.OptionalText(name) ?? throw new DatasetRowException($"'{name}' is missing");

    /// <summary>A text, or null when the field is absent or null.</summary>
    public static string? OptionalText(this JsonElement row, string name)
    {
        if (!row.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null)
            return null;
        return value.ValueKind == JsonValueKind.String ? value.GetString() : throw WrongType(name, "a string", value);
    }

    public static JsonElement Array(this JsonElement row, string name)
    {
        if (!row.TryGetProperty(name, out var value))
            throw new DatasetRowException($"'{name}' is missing");
        return value.ValueKind == JsonValueKind.Array ? value : throw WrongType(name, "an array", value);
    }

    /// <summary>A JSON array, given as such or as its text; null when absent, null or empty.</summary>
    public static string? OptionalJsonArray(this JsonElement row, string name)
    {
        if (!row.TryGetProperty(name, out var value))
            return null;
        switch (value.ValueKind)
        {
            case JsonValueKind.Array:
                return value.GetArrayLength() == 0 ? null : value.GetRawText();
            case JsonValueKind.String when string.IsNullOrWhiteSpace(value.GetString()):
            case JsonValueKind.Null:
                return null;
            case JsonValueKind.String:
                return ArrayText(name, value.GetString()!);
            default:
                throw WrongType(name, "an array", value);
        }
    }

    public static int[] Integers(this JsonElement row, string name)
    {
        var items = row.Array(name);
        var result = new int[items.GetArrayLength()];
        var index = 0;
        foreach (var item in items.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.Number || !item.TryGetInt32(out result[index++]))
                throw new DatasetRowException($"'{name}' holds {item.GetRawText()}, which is no 32-bit integer");
        }
        return result;
    }

    public static DatasetRowException WrongType(string name, string expected, JsonElement found) =>
        new($"'{name}' must be {expected}, found {KindOf(found)}");

    /// <summary>What is wrong with a text that is no JSON; where, says who knows where it begins.</summary>
    public static string Describe(JsonException fault)
    {
        var end = fault.Message.IndexOf(" LineNumber:", StringComparison.Ordinal);
        return (end < 0 ? fault.Message : fault.Message[..end]).TrimEnd('.');
    }

    /// <summary>What a value is, for messages.</summary>
    public static string KindOf(JsonElement value) => value.ValueKind.ToString().ToLowerInvariant();

    private static string? ArrayText(string name, string json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            return document.RootElement.ValueKind != JsonValueKind.Array
                ? throw WrongType(name, "an array", document.RootElement)
                : document.RootElement.GetArrayLength() == 0 ? null : json;
        }
        catch (JsonException exception)
        {
            throw new DatasetRowException($"'{name}' is a string that holds no JSON: {Describe(exception)}");
        }
    }
}
