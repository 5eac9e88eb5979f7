using System.Collections;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace LoraBridge.TextGeneration;

/// <summary>A conversation as a plain list of turns. It needs no model.</summary>
/// <remarks>Not safe for use by several threads at once. Serialises to the JSON format of training data.</remarks>
[JsonConverter(typeof(ChatHistoryConverter))]
public sealed class ChatHistory : IReadOnlyList<ChatMessage>
{
    private readonly List<ChatMessage> _messages = [];

    /// <summary>Creates an empty conversation.</summary>
    public ChatHistory()
    {
    }

    /// <summary>Creates a conversation from turns.</summary>
    /// <exception cref="ArgumentNullException">The list or one of its turns is null.</exception>
    public ChatHistory(IEnumerable<ChatMessage> messages)
    {
        ArgumentNullException.ThrowIfNull(messages);
        foreach (var message in messages)
            Add(message);
    }

    /// <summary>The tools on offer: a JSON array in the shape of OpenAI's <c>tools</c>, or null.</summary>
    public string? Tools { get; set; }

    /// <summary>The number of turns.</summary>
    public int Count => _messages.Count;

    /// <summary>The turn at a position, counted from 0.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such turn.</exception>
    public ChatMessage this[int index] => _messages[index];

    /// <summary>Appends a turn.</summary>
    /// <exception cref="ArgumentNullException">The turn is null.</exception>
    public void Add(ChatMessage message)
    {
        ArgumentNullException.ThrowIfNull(message);
        _messages.Add(message);
    }

    /// <summary>Appends a turn of any role.</summary>
    /// <exception cref="ArgumentException">The role is null or blank, or the content null.</exception>
    public void AddMessage(string role, string content)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(role);
        ArgumentNullException.ThrowIfNull(content);
        _messages.Add(new ChatMessage(role, content));
    }

    /// <summary>Appends a system turn.</summary>
    public void AddSystemMessage(string content) => AddMessage(ChatRole.System, content);

    /// <summary>Appends a user's turn.</summary>
    public void AddUserMessage(string content) => AddMessage(ChatRole.User, content);

    /// <summary>Appends an assistant's turn.</summary>
    public void AddAssistantMessage(string content) => AddMessage(ChatRole.Assistant, content);

    /// <summary>Removes the last turn; does nothing when there is none.</summary>
    public void RemoveLast()
    {
        if (_messages.Count > 0)
            _messages.RemoveAt(_messages.Count - 1);
    }

    /// <summary>Removes all turns.</summary>
    public void Clear() => _messages.Clear();

    /// <summary>The conversation as one line of JSON: <c>{"messages": [...]}</c>, with <c>tools</c> where there are any. Training reads such lines.</summary>
    /// <exception cref="JsonException">The tools, or the calls of a turn, are no JSON.</exception>
    public string ToJson()
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
            ChatHistoryConverter.Write(writer, this);
        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    /// <summary>Reads what <see cref="ToJson"/> writes.</summary>
    /// <exception cref="JsonException">It is no JSON, or no conversation.</exception>
    public static ChatHistory FromJson(string json)
    {
        ArgumentNullException.ThrowIfNull(json);
        var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(json));
        reader.Read();
        var history = ChatHistoryConverter.Read(ref reader);
        return reader.Read() ? throw new JsonException("There is more after the conversation.") : history;
    }

    /// <inheritdoc/>
    public IEnumerator<ChatMessage> GetEnumerator() => _messages.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
