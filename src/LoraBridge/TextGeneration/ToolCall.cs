using System.Text;
using System.Text.Json;

namespace LoraBridge.TextGeneration;

/// <summary>A tool call that the model requests.</summary>
/// <param name="Id">Which call a tool's turn answers; made up where the model's format has none.</param>
/// <param name="Name">The tool.</param>
/// <param name="Arguments">The arguments: a JSON object.</param>
public sealed record ToolCall(string Id, string Name, string Arguments)
{
    /// <summary>Calls as a JSON array in the shape of OpenAI's <c>tool_calls</c>.</summary>
    internal static string ToJson(IEnumerable<ToolCall> calls)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartArray();
            foreach (var call in calls)
            {
                json.WriteStartObject();
                json.WriteString("id", call.Id);
                json.WriteString("type", "function");
                json.WriteStartObject("function");
                json.WriteString("name", call.Name);
                json.WriteString("arguments", call.Arguments);
                json.WriteEndObject();
                json.WriteEndObject();
            }
            json.WriteEndArray();
        }
        return Encoding.UTF8.GetString(buffer.ToArray());
    }
}
