using System.Text.Json;
using LoraBridge.TextGeneration;

namespace LoraBridge.Data;

/// <summary>Reads conversations from rows: role and content as OpenAI writes them, from and value as ShareGPT does.</summary>
internal static class ChatRows
{
    public static ChatHistory ReadMessages(JsonElement row)
    {
        var chat = new ChatHistory(row.Array("messages").EnumerateArray().Select(ReadMessage)) { Tools = row.OptionalJsonArray("tools") };
        return NotEmpty(chat, "messages");
    }

    public static ChatHistory ReadPromptAndCompletion(JsonElement row)
    {
        var turns = row.Array("prompt").EnumerateArray().Concat(row.Array("completion").EnumerateArray());
        return new ChatHistory(turns.Select(ReadMessage)) { Tools = row.OptionalJsonArray("tools") };
    }

    public static ChatHistory ReadShareGpt(JsonElement row)
    {
        var chat = new ChatHistory { Tools = row.OptionalJsonArray("tools") };
        if (row.OptionalText("system") is { Length: > 0 } system)
            chat.AddSystemMessage(system);
        foreach (var turn in row.Array("conversations").EnumerateArray())
            chat.Add(turn.ValueKind == JsonValueKind.Object && turn.Has("from") ? ReadShareGptTurn(turn) : ReadMessage(turn));
        return NotEmpty(chat, "conversations");
    }

    public static ChatHistory ReadAlpaca(JsonElement row)
    {
        var chat = new ChatHistory();
        if (row.OptionalText("system") is { Length: > 0 } system)
            chat.AddSystemMessage(system);
        var input = row.OptionalText("input");
        chat.AddUserMessage(string.IsNullOrEmpty(input) ? row.Text("instruction") : row.Text("instruction") + "\n\n" + input);
        chat.AddAssistantMessage(row.Text("output"));
        return chat;
    }

    private static ChatMessage ReadMessage(JsonElement message)
    {
        if (message.ValueKind != JsonValueKind.Object)
            throw JsonFields.WrongType("message", "an object", message);
        var role = message.Text("role");
        if (string.IsNullOrWhiteSpace(role))
            throw new DatasetRowException("'role' is blank");

        var toolCalls = message.OptionalJsonArray("tool_calls");
        var content = ReadContent(message);
        if (content is null && toolCalls is null)
            throw new DatasetRowException($"a turn of role '{role}' has neither 'content' nor 'tool_calls'");
        return new ChatMessage(role, content ?? "")
        {
            ToolCalls = toolCalls,
            Reasoning = message.OptionalText("reasoning_content") ?? message.OptionalText("reasoning") ?? message.OptionalText("thinking"),
            ToolCallId = message.OptionalText("tool_call_id"),
            Name = message.OptionalText("name"),
        };
    }

    /// <summary>A text, or the parts of a text.</summary>
    private static string? ReadContent(JsonElement message)
    {
        if (!message.TryGetProperty("content", out var content) || content.ValueKind != JsonValueKind.Array)
            return message.OptionalText("content");
        return string.Concat(content.EnumerateArray().Select(ReadPart));
    }

    private static string ReadPart(JsonElement part)
    {
        if (part.ValueKind == JsonValueKind.String)
            return part.GetString()!;
        if (part.ValueKind != JsonValueKind.Object)
            throw JsonFields.WrongType("content", "a string or an array of parts", part);
        var type = part.OptionalText("type") ?? "text";
        return type == "text" ? part.Text("text") : throw new DatasetRowException($"'content' holds a part of type '{type}'; only text can be trained on");
    }

    private static ChatMessage ReadShareGptTurn(JsonElement turn)
    {
        var speaker = turn.Text("from");
        var value = turn.Text("value");
        return speaker switch
        {
            "human" or "user" => new ChatMessage(ChatRole.User, value),
            "gpt" or "assistant" or "chatgpt" or "model" or "bing" or "bard" => new ChatMessage(ChatRole.Assistant, value),
            "system" => new ChatMessage(ChatRole.System, value),
            "tool" or "observation" or "function_response" => new ChatMessage(ChatRole.Tool, value),
            "function_call" or "tool_call" => new ChatMessage(ChatRole.Assistant, "") { ToolCalls = ReadFunctionCall(value) },
            _ => throw new DatasetRowException($"'from' is '{speaker}'; expected human, gpt, system, tool, function_call or observation"),
        };
    }

    private static string ReadFunctionCall(string json)
    {
        try
        {
            using var call = JsonDocument.Parse(json);
            return $$"""[{"type": "function", "function": {{call.RootElement.GetRawText()}}}]""";
        }
        catch (JsonException exception)
        {
            throw new DatasetRowException($"a function call holds no JSON: {exception.Message}");
        }
    }

    private static ChatHistory NotEmpty(ChatHistory chat, string name) =>
        chat.Count > 0 ? chat : throw new DatasetRowException($"'{name}' is empty");
}
