using System.Text.Json;
using LoraBridge.TextGeneration;

namespace LoraBridge.Data;

/// <summary>Reads conversations from rows: role and content as OpenAI writes them, from and value as ShareGPT does.</summary>
internal static class ChatRows
{
    private static readonly string[] MessageFields =
    [
        "role", "content", "tool_calls", "function_call", "tool_call_id", "name", .. MessageValues.ReasoningNames, .. TurnSwitches.Names,
    ];

    /// <summary>Roles that chat templates in use ask for.</summary>
    private static readonly string[] Roles =
    [
        ChatRole.System, ChatRole.User, ChatRole.Assistant, ChatRole.Tool, "developer", "function", "ipython", "observation", "tool_response", "environment",
    ];

    public static ChatSample ReadMessages(JsonElement row, SampleSource source) => Read(row, source, "messages", ["messages", "tools", "functions"]);

    public static ChatSample ReadShareGpt(JsonElement row, SampleSource source) => Read(row, source, "conversations", ["conversations", "tools", "functions"]);

    public static ChatSample ReadPromptAndCompletion(JsonElement row, SampleSource source)
    {
        var turns = new TurnList();
        AddPart("prompt", ChatRole.User);
        var given = turns.Count;
        AddPart("completion", ChatRole.Assistant);
        turns.GiveFirst(given);
        return turns.ToSample(row, source, ["prompt", "completion", "tools", "functions"]);

        void AddPart(string name, string role)
        {
            if (row.TryGetProperty(name, out var part) && part.ValueKind == JsonValueKind.String)
                turns.Add(new ChatMessage(role, part.GetString()!));
            else
                turns.AddRange(row.Array(name).EnumerateArray().Select(turn => ReadMessage(turn, turns.Losses)));
        }
    }

    public static ChatSample ReadAlpaca(JsonElement row, SampleSource source)
    {
        var turns = new TurnList();
        AddSystem(turns, row, "system");
        foreach (var round in row.Has("history") && row.GetProperty("history").ValueKind != JsonValueKind.Null ? row.Array("history").EnumerateArray() : default)
        {
            if (round.ValueKind != JsonValueKind.Array || round.GetArrayLength() != 2 || round.EnumerateArray().Any(text => text.ValueKind != JsonValueKind.String))
                throw new DatasetRowException($"'history' holds {round.GetRawText()}, expected pairs of an instruction and its answer");
            turns.Add(new ChatMessage(ChatRole.User, round[0].GetString()!));
            turns.Add(new ChatMessage(ChatRole.Assistant, round[1].GetString()!));
        }
        var input = row.OptionalText("input");
        turns.Add(new ChatMessage(ChatRole.User, string.IsNullOrEmpty(input) ? row.Text("instruction") : row.Text("instruction") + "\n\n" + input));
        turns.Add(new ChatMessage(ChatRole.Assistant, row.Text("output")));
        return turns.ToSample(row, source, ["instruction", "input", "output", "system", "history"]);
    }

    private static ChatSample Read(JsonElement row, SampleSource source, string name, string[] known)
    {
        var turns = new TurnList();
        AddSystem(turns, row, "system");
        AddSystem(turns, row, "system_prompt");
        foreach (var turn in row.Array(name).EnumerateArray())
            turns.Add(turn.ValueKind == JsonValueKind.Object && (turn.Has("from") || turn.Has("value")) ? ReadShareGptTurn(turn, turns.Losses) : ReadMessage(turn, turns.Losses));
        if (row.GetProperty(name).GetArrayLength() == 0)
            throw new DatasetRowException($"'{name}' is empty");
        return turns.ToSample(row, source, known);
    }

    private static void AddSystem(TurnList turns, JsonElement row, string name)
    {
        if (turns.Count == 0 && row.OptionalText(name) is { Length: > 0 } system)
            turns.Add(new ChatMessage(ChatRole.System, system));
    }

    private static Turn ReadMessage(JsonElement message, List<string> losses)
    {
        if (message.ValueKind != JsonValueKind.Object)
            throw JsonFields.WrongType("message", "an object", message);
        var role = message.Text("role");
        if (string.IsNullOrWhiteSpace(role))
            throw new DatasetRowException("'role' is blank");

        var toolCalls = ReadToolCalls(message, losses);
        var reasoning = ReadReasoning(message, losses);
        var content = ReadContent(message, ref reasoning);
        if (content is null && toolCalls is null && reasoning is null)
            throw new DatasetRowException($"a turn of role '{role}' has neither 'content' nor 'tool_calls'");
        losses.AddRange(RowFields.NotUnderstood(message, "a turn", MessageFields));
        var result = new ChatMessage(role, content ?? "")
        {
            ToolCalls = toolCalls,
            Reasoning = reasoning,
            ToolCallId = message.OptionalText("tool_call_id"),
            Name = message.OptionalText("name"),
        };
        return new Turn(result, TurnSwitches.Read(message, losses));
    }

    /// <summary>The thoughts of a turn under the first name that says some.</summary>
    private static string? ReadReasoning(JsonElement message, List<string> losses)
    {
        var given = MessageValues.ReasoningNames.Select(name => (Name: name, Text: message.OptionalText(name))).Where(field => field.Text is not null).ToList();
        var (chosen, reasoning) = given.Find(field => !string.IsNullOrWhiteSpace(field.Text));
        losses.AddRange(given.Where(field => reasoning is not null && !string.IsNullOrWhiteSpace(field.Text) && field.Text != reasoning)
            .Select(field => $"the field '{field.Name}' of a turn says something else than '{chosen}', and is left out"));
        return reasoning ?? given.FirstOrDefault().Text;
    }

    private static string? ReadToolCalls(JsonElement message, List<string> losses)
    {
        if (message.OptionalJsonArray("tool_calls") is not { } calls)
            return LegacyCall(message);
        if (message.TryGetProperty("function_call", out var call) && call.ValueKind != JsonValueKind.Null)
            losses.Add("the field 'function_call' of a turn that has 'tool_calls' is left out");
        return calls;
    }

    /// <summary>A single call, as OpenAI wrote them before there were tools.</summary>
    private static string? LegacyCall(JsonElement message)
    {
        if (!message.TryGetProperty("function_call", out var call) || call.ValueKind == JsonValueKind.Null)
            return null;
        return call.ValueKind == JsonValueKind.Object ? AsToolCalls(call) : throw JsonFields.WrongType("function_call", "an object", call);
    }

    /// <summary>A text, or the parts of a text; parts that are thoughts go to the turn's reasoning.</summary>
    private static string? ReadContent(JsonElement message, ref string? reasoning)
    {
        if (!message.TryGetProperty("content", out var content) || content.ValueKind != JsonValueKind.Array)
            return message.OptionalText("content");
        List<string> texts = [], thoughts = [];
        foreach (var part in content.EnumerateArray())
        {
            var (text, isThought) = ReadPart(part);
            (isThought ? thoughts : texts).Add(text);
        }
        if (thoughts.Count > 0)
            reasoning += string.Concat(thoughts);
        return string.Concat(texts);
    }

    private static (string Text, bool IsThought) ReadPart(JsonElement part)
    {
        if (part.ValueKind == JsonValueKind.String)
            return (part.GetString()!, false);
        if (part.ValueKind != JsonValueKind.Object)
            throw JsonFields.WrongType("content", "a string or an array of parts", part);
        return (part.OptionalText("type") ?? "text") switch
        {
            "text" or "input_text" or "output_text" => (part.Text("text"), false),
            "thinking" when part.Has("thinking") => (part.Text("thinking"), true),
            "thinking" or "reasoning" => (part.Text("text"), true),
            var type => throw new DatasetRowException($"'content' holds a part of type '{type}'; only text can be trained on"),
        };
    }

    private static Turn ReadShareGptTurn(JsonElement turn, List<string> losses)
    {
        var (speaker, speakerField) = Either("from", "role");
        var (value, valueField) = Either("value", "content");
        var message = speaker switch
        {
            "human" or "user" => new ChatMessage(ChatRole.User, value),
            "gpt" or "assistant" or "chatgpt" or "model" or "bing" or "bard" => new ChatMessage(ChatRole.Assistant, value),
            "system" => new ChatMessage(ChatRole.System, value),
            "tool" or "observation" or "function_response" => new ChatMessage(ChatRole.Tool, value),
            "function_call" or "tool_call" => new ChatMessage(ChatRole.Assistant, "") { ToolCalls = ReadFunctionCall(value) },
            _ => throw new DatasetRowException($"'from' is '{speaker}'; expected human, gpt, system, tool, function_call or observation"),
        };
        losses.AddRange(RowFields.NotUnderstood(turn, "a turn", [speakerField, valueField, .. TurnSwitches.Names], text => text == value || text == speaker || text == message.Role));
        return new Turn(message, TurnSwitches.Read(turn, losses));

        (string Text, string Name) Either(string name, string other) =>
            turn.OptionalText(name) is { } text ? (text, name)
            : turn.OptionalText(other) is { } otherText ? (otherText, other)
            : throw new DatasetRowException($"'{name}' is missing");
    }

    private static string ReadFunctionCall(string json)
    {
        try
        {
            using var call = JsonDocument.Parse(json);
            return AsToolCalls(call.RootElement);
        }
        catch (JsonException exception)
        {
            throw new DatasetRowException($"a function call holds no JSON: {JsonFields.Describe(exception)}");
        }
    }

    /// <summary>One call or several in the shape of tool calls.</summary>
    private static string AsToolCalls(JsonElement call)
    {
        var calls = call.ValueKind == JsonValueKind.Array ? [.. call.EnumerateArray()] : new[] { call };
        return $"[{string.Join(", ", calls.Select(one => $$"""{"type": "function", "function": {{one.GetRawText()}}}"""))}]";
    }

    /// <summary>The tools on offer, also as OpenAI wrote them before there were tools.</summary>
    private static string? ReadTools(JsonElement row)
    {
        if (row.OptionalJsonArray("tools") is { } tools)
            return tools;
        if (row.OptionalJsonArray("functions") is not { } functions)
            return null;
        using var document = JsonDocument.Parse(functions);
        return AsToolCalls(document.RootElement);
    }

    private sealed record Turn(ChatMessage Message, bool? IsLearnt);

    private sealed class TurnList
    {
        private readonly List<Turn> _turns = [];

        public List<string> Losses { get; } = [];

        public int Count => _turns.Count;

        public void Add(ChatMessage message) => _turns.Add(new Turn(message, null));

        public void Add(Turn turn) => _turns.Add(turn);

        public void AddRange(IEnumerable<Turn> turns) => _turns.AddRange(turns);

        /// <summary>Makes the first turns context.</summary>
        public void GiveFirst(int count)
        {
            for (var i = 0; i < count; i++)
                _turns[i] = _turns[i] with { IsLearnt = false };
        }

        public ChatSample ToSample(JsonElement row, SampleSource source, string[] known)
        {
            Losses.AddRange(RowFields.NotUnderstood(row, "the row", known, Repeats));
            Losses.AddRange(_turns.Select(turn => turn.Message.Role).Where(role => !Roles.Contains(role)).Distinct()
                .Select(role => $"a turn has the role '{role}', which chat templates hardly know and which is not learnt: expected {ChatRole.System}, {ChatRole.User}, {ChatRole.Assistant} or {ChatRole.Tool}"));
            Losses.AddRange(_turns
                .Where(turn => turn is { IsLearnt: true, Message.Role: not ChatRole.Assistant })
                .Select(turn => $"a turn of role '{turn.Message.Role}' is marked to be learnt, but only the assistant's can be").Distinct());
            var given = Enumerable.Range(0, _turns.Count).Where(i => _turns[i] is { IsLearnt: false, Message.Role: ChatRole.Assistant });
            var chat = new ChatHistory(_turns.Select(turn => turn.Message)) { Tools = ReadTools(row) };
            return new ChatSample(source, chat) { Given = given.ToHashSet(), Losses = Losses };
        }

        private bool Repeats(string text) => _turns.Any(turn => turn.Message.Content.Contains(text.Trim(), StringComparison.Ordinal))
            || (_turns.Count > 0 && _turns.All(turn => text.Contains(turn.Message.Content.Trim(), StringComparison.Ordinal)));
    }
}
