using System.Text;
using System.Text.Json;
using LoraBridge.TextGeneration;
using Microsoft.Extensions.AI;
using ChatMessage = LoraBridge.TextGeneration.ChatMessage;
using ChatRole = LoraBridge.TextGeneration.ChatRole;
using ExtensionsMessage = Microsoft.Extensions.AI.ChatMessage;

namespace LoraBridge.Extensions.AI;

/// <summary>Turns messages of Microsoft.Extensions.AI into turns.</summary>
internal static class MessageMapper
{
    /// <exception cref="NotSupportedException">A message holds something that is not text.</exception>
    internal static List<ChatMessage> Map(IEnumerable<ExtensionsMessage> messages, IEnumerable<ChatMessage> before)
    {
        var turns = new List<ChatMessage>();
        var callNames = NamesOfCalls(before);
        foreach (var message in messages)
        {
            ArgumentNullException.ThrowIfNull(message, nameof(messages));
            Map(message, turns, callNames);
        }
        return turns;
    }

    /// <summary>Joins system turns at the start to one: many templates know no second.</summary>
    internal static List<ChatMessage> WithInstructions(string? instructions, IReadOnlyList<ChatMessage> turns)
    {
        var system = turns.TakeWhile(turn => turn.Role == ChatRole.System).Select(turn => turn.Content).ToList();
        var rest = turns.Skip(system.Count);
        if (!string.IsNullOrEmpty(instructions))
            system.Insert(0, instructions);
        return system.Count == 0 ? [.. rest] : [new ChatMessage(ChatRole.System, string.Join("\n\n", system)), .. rest];
    }

    private static void Map(ExtensionsMessage message, List<ChatMessage> turns, Dictionary<string, string> callNames)
    {
        var text = new StringBuilder();
        var reasoning = new StringBuilder();
        var calls = new List<ToolCall>();
        var results = new List<ChatMessage>();
        foreach (var content in message.Contents)
        {
            switch (content)
            {
                case TextReasoningContent thought:
                    reasoning.Append(thought.Text);
                    break;
                case TextContent part:
                    text.Append(part.Text);
                    break;
                case FunctionCallContent call:
                    callNames[call.CallId] = call.Name;
                    calls.Add(new ToolCall(call.CallId, call.Name, Arguments(call)));
                    break;
                case FunctionResultContent result:
                    results.Add(new ChatMessage(ChatRole.Tool, Text(result))
                    {
                        ToolCallId = result.CallId,
                        Name = callNames.GetValueOrDefault(result.CallId),
                    });
                    break;
                case UsageContent:
                    break;
                default:
                    throw new NotSupportedException($"A message of '{message.Role}' holds {content.GetType().Name}; the model reads text only.");
            }
        }
        if (results.Count == 0 || text.Length > 0 || calls.Count > 0)
        {
            turns.Add(new ChatMessage(message.Role.Value, text.ToString())
            {
                Reasoning = reasoning.Length > 0 ? reasoning.ToString() : null,
                ToolCalls = calls.Count > 0 ? ToolCalls(calls) : null,
                Name = message.AuthorName,
            });
        }
        turns.AddRange(results);
    }

    private static Dictionary<string, string> NamesOfCalls(IEnumerable<ChatMessage> turns)
    {
        var names = new Dictionary<string, string>();
        foreach (var calls in turns.Select(turn => turn.ToolCalls).OfType<string>())
        {
            foreach (var call in JsonElement.Parse(calls).EnumerateArray())
                names[call.GetProperty("id").GetString()!] = call.GetProperty("function").GetProperty("name").GetString()!;
        }
        return names;
    }

    private static string ToolCalls(List<ToolCall> calls)
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

    private static string Arguments(FunctionCallContent call) => call.Arguments is null
        ? "{}"
        : JsonSerializer.Serialize(call.Arguments, AIJsonUtilities.DefaultOptions.GetTypeInfo(typeof(IDictionary<string, object?>)));

    private static string Text(FunctionResultContent result) => result switch
    {
        { Exception: { } exception } => $"Error: {exception.Message}",
        { Result: null } => "",
        { Result: string text } => text,
        { Result: JsonElement { ValueKind: JsonValueKind.String } json } => json.GetString()!,
        { Result: JsonElement json } => json.GetRawText(),
        _ => JsonSerializer.Serialize(result.Result, AIJsonUtilities.DefaultOptions.GetTypeInfo(typeof(object))),
    };
}
