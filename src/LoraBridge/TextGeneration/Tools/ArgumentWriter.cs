using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace LoraBridge.TextGeneration.Tools;

/// <summary>Puts arguments that were read one by one together to a JSON object.</summary>
internal static class ArgumentWriter
{
    private static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The text of an object.</summary>
    internal static string Text(JsonObject arguments)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, Plain))
            arguments.WriteTo(writer);
        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    /// <summary>Arguments that were read as plain text: strings where their schema says so, else what the text looks like.</summary>
    internal static string Text(string tool, IEnumerable<(string Name, string Value)> arguments, ToolDefinitions tools)
    {
        var result = new JsonObject();
        foreach (var (name, value) in arguments)
            result[name] = tools.IsText(tool, name) == true ? JsonValue.Create(value) : Guess(value);
        return Text(result);
    }

    /// <summary>JSON, or a literal of Python, if the text is one; else the text itself.</summary>
    internal static JsonNode? Guess(string value)
    {
        try
        {
            var parsed = JsonNode.Parse(value);
            return parsed is JsonValue text && text.GetValueKind() == JsonValueKind.String ? JsonValue.Create(value) : parsed;
        }
        catch (JsonException)
        {
            return PythonLiteral.TryParse(value, out var literal) ? literal : JsonValue.Create(value);
        }
    }
}
