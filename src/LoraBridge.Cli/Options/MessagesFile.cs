using System.Text;
using System.Text.Json;
using LoraBridge.TextGeneration;

namespace LoraBridge.Cli.Options;

/// <summary>A conversation in a file, in the shape of OpenAI's requests: an array of messages, or an object that has one as <c>messages</c>.</summary>
internal static class MessagesFile
{
    private static readonly string[] Known = ["role", "content", "name", "tool_calls", "tool_call_id", "reasoning_content"];

    /// <exception cref="InvalidDataException">The file is something else; the message says what, and in which message.</exception>
    internal static IReadOnlyList<ChatMessage> Read(string path)
    {
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(path));
            var root = document.RootElement;
            var messages = root.ValueKind == JsonValueKind.Object && root.TryGetProperty("messages", out var inner) ? inner : root;
            if (messages.ValueKind != JsonValueKind.Array || messages.GetArrayLength() == 0)
                throw new InvalidDataException($"{path} holds no messages, expected an array of objects with role and content, or an object with such an array as 'messages'.");
            return [.. messages.EnumerateArray().Select((message, index) => Message(message, $"{path}, message {index + 1}"))];
        }
        catch (JsonException fault)
        {
            throw new InvalidDataException($"{path} is no JSON: {fault.Message}", fault);
        }
    }

    private static ChatMessage Message(JsonElement message, string place)
    {
        if (message.ValueKind != JsonValueKind.Object)
            throw new InvalidDataException($"{place} is no object.");
        if (message.EnumerateObject().Select(property => property.Name).FirstOrDefault(name => !Known.Contains(name)) is { } unknown)
            throw new InvalidDataException($"{place} has '{unknown}', expected {string.Join(", ", Known)}.");
        return new ChatMessage(Text("role") ?? throw new InvalidDataException($"{place} has no role."), Content())
        {
            Name = Text("name"),
            ToolCallId = Text("tool_call_id"),
            Reasoning = Text("reasoning_content"),
            ToolCalls = message.TryGetProperty("tool_calls", out var calls) && calls.ValueKind != JsonValueKind.Null ? calls.GetRawText() : null,
        };

        string? Text(string name) => !message.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null ? null
            : value.ValueKind == JsonValueKind.String ? value.GetString()
            : throw new InvalidDataException($"{place}: '{name}' is no text.");

        string Content()
        {
            if (!message.TryGetProperty("content", out var content) || content.ValueKind != JsonValueKind.Array)
                return Text("content") ?? "";
            var text = new StringBuilder();
            foreach (var part in content.EnumerateArray())
            {
                if (part.ValueKind != JsonValueKind.Object || !part.TryGetProperty("text", out var piece) || piece.ValueKind != JsonValueKind.String)
                    throw new InvalidDataException($"{place} has a part that is no text: models of text cannot read it.");
                text.Append(piece.GetString());
            }
            return text.ToString();
        }
    }
}
