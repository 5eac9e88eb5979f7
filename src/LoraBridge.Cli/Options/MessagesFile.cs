using System.Text;
using System.Text.Json;
using LoraBridge.TextGeneration;

namespace LoraBridge.Cli.Options;

/// <summary>A conversation in a file, in the shape of OpenAI's requests: an array of messages, or an object that has one as <c>messages</c>.</summary>
internal static class MessagesFile
{
    private static readonly string[] Known = ["role", "content", "name", "tool_calls", "tool_call_id", "reasoning_content"];

    /// <summary>Of two fields of one name all but the last would be lost.</summary>
    private static readonly JsonDocumentOptions JsonOptions = new() { AllowDuplicateProperties = false };

    /// <exception cref="FormatException">The file is something else; the message says what, and in which message.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    internal static ChatHistory Read(string path)
    {
        var text = TextFile.Read(path, "conversation");
        try
        {
            using var document = JsonDocument.Parse(text, JsonOptions);
            return Read(document.RootElement, path);
        }
        catch (JsonException fault)
        {
            throw new FormatException($"{path} is no JSON: {fault.Message}", fault);
        }
        catch (InvalidOperationException fault)
        {
            // Half of an escaped surrogate pair is well-formed JSON but no text.
            throw new FormatException($"{path}: {fault.Message}", fault);
        }
    }

    private static ChatHistory Read(JsonElement root, string path)
    {
        var messages = root.ValueKind == JsonValueKind.Object && root.TryGetProperty("messages", out var inner) ? inner : root;
        if (messages.ValueKind != JsonValueKind.Array || messages.GetArrayLength() == 0)
            throw new FormatException($"{path} holds no messages, expected an array of objects with role and content, or an object with such an array as 'messages'.");
        var history = new ChatHistory(messages.EnumerateArray().Select((message, index) => Message(message, $"{path}, message {index + 1}")));
        if (root.ValueKind != JsonValueKind.Object)
            return history;
        if (root.EnumerateObject().Select(property => property.Name).FirstOrDefault(name => name is not ("messages" or "tools")) is { } unknown)
            throw new FormatException($"{path} has '{unknown}', expected messages and tools: what else is wanted of the answer, options say.");
        history.Tools = Calls(root, "tools", path);
        return history;
    }

    private static ChatMessage Message(JsonElement message, string place)
    {
        if (message.ValueKind != JsonValueKind.Object)
            throw new FormatException($"{place} is no object.");
        if (message.EnumerateObject().Select(property => property.Name).FirstOrDefault(name => !Known.Contains(name)) is { } unknown)
            throw new FormatException($"{place} has '{unknown}', expected {string.Join(", ", Known)}.");
        var role = Text("role");
        if (string.IsNullOrWhiteSpace(role))
            throw new FormatException($"{place} has no role.");
        var (content, reasoning, calls) = (Content(), Text("reasoning_content"), Calls(message, "tool_calls", place));
        if (content is null && reasoning is null && calls is null)
            throw new FormatException($"{place} has neither content nor tool_calls.");
        return new ChatMessage(role, content ?? "") { Name = Text("name"), ToolCallId = Text("tool_call_id"), Reasoning = reasoning, ToolCalls = calls };

        string? Text(string name) => !message.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null ? null
            : value.ValueKind == JsonValueKind.String ? value.GetString()
            : throw new FormatException($"{place}: '{name}' is no text.");

        string? Content()
        {
            if (!message.TryGetProperty("content", out var content) || content.ValueKind != JsonValueKind.Array)
                return Text("content");
            var text = new StringBuilder();
            foreach (var part in content.EnumerateArray())
            {
                if (part.ValueKind != JsonValueKind.Object || !part.TryGetProperty("text", out var piece) || piece.ValueKind != JsonValueKind.String)
                    throw new FormatException($"{place} has a part that is no text: models of text cannot read it.");
                text.Append(piece.GetString());
            }
            return text.ToString();
        }
    }

    /// <summary>An array as its JSON text; null where there is none.</summary>
    private static string? Calls(JsonElement element, string name, string place) =>
        !element.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null ? null
        : value.ValueKind == JsonValueKind.Array ? value.GetRawText()
        : throw new FormatException($"{place}: '{name}' is no array.");
}
