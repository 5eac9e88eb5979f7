using System.Text.Json;
using System.Text.Json.Serialization;

namespace LoraBridge.TextGeneration;

/// <summary>Writes conversations as rows that training reads: <c>{"messages": [...], "tools": [...]}</c>, with OpenAI's names.</summary>
internal sealed class ChatHistoryConverter : JsonConverter<ChatHistory>
{
    public override ChatHistory Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => Read(ref reader);

    public override void Write(Utf8JsonWriter writer, ChatHistory value, JsonSerializerOptions options) => Write(writer, value);

    /// <exception cref="JsonException">It is no conversation.</exception>
    internal static ChatHistory Read(ref Utf8JsonReader reader)
    {
        using var document = JsonDocument.ParseValue(ref reader);
        var row = document.RootElement;
        if (row.ValueKind != JsonValueKind.Object || !row.TryGetProperty("messages", out var messages) || messages.ValueKind != JsonValueKind.Array)
            throw new JsonException("A conversation is an object with an array 'messages'.");
        return new ChatHistory(messages.EnumerateArray().Select(ReadMessage)) { Tools = Raw(row, "tools") };
    }

    /// <exception cref="JsonException">The tools, or the calls of a turn, are no JSON.</exception>
    internal static void Write(Utf8JsonWriter writer, ChatHistory value)
    {
        writer.WriteStartObject();
        writer.WriteStartArray("messages");
        foreach (var message in value)
        {
            writer.WriteStartObject();
            writer.WriteString("role", message.Role);
            writer.WriteString("content", message.Content);
            WriteText("reasoning_content", message.Reasoning);
            WriteRaw("tool_calls", message.ToolCalls);
            WriteText("tool_call_id", message.ToolCallId);
            WriteText("name", message.Name);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        WriteRaw("tools", value.Tools);
        writer.WriteEndObject();

        void WriteText(string name, string? text)
        {
            if (text is not null)
                writer.WriteString(name, text);
        }

        void WriteRaw(string name, string? json)
        {
            if (json is null)
                return;
            writer.WritePropertyName(name);
            try
            {
                using var document = JsonDocument.Parse(json);
                document.RootElement.WriteTo(writer);
            }
            catch (JsonException failure)
            {
                throw new JsonException($"'{name}' of the conversation is no JSON: {failure.Message}", failure);
            }
        }
    }

    private static ChatMessage ReadMessage(JsonElement message)
    {
        if (message.ValueKind != JsonValueKind.Object)
            throw new JsonException($"A turn is an object, found {message.ValueKind}.");
        return new ChatMessage(
            Text(message, "role") ?? throw new JsonException("A turn has no 'role'."), Text(message, "content") ?? "")
        {
            Reasoning = Text(message, "reasoning_content"),
            ToolCalls = Raw(message, "tool_calls"),
            ToolCallId = Text(message, "tool_call_id"),
            Name = Text(message, "name"),
        };
    }

    private static string? Text(JsonElement element, string name)
    {
        if (!element.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null)
            return null;
        return value.ValueKind == JsonValueKind.String ? value.GetString() : throw new JsonException($"'{name}' is {value.ValueKind}, expected a string.");
    }

    private static string? Raw(JsonElement element, string name)
    {
        if (!element.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null)
            return null;
        return value.ValueKind == JsonValueKind.Array ? value.GetRawText() : throw new JsonException($"'{name}' is {value.ValueKind}, expected an array.");
    }
}
