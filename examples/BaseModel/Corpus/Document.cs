using System.Text.Encodings.Web;
using System.Text.Json;

namespace LoraBridge.Examples.BaseModel.Corpus;

/// <summary>One turn of a dialogue.</summary>
internal sealed record Message(string Role, string Content);

/// <summary>One text of the corpus: either a dialogue or plain prose.</summary>
internal sealed record Document
{
    private static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public IReadOnlyList<Message> Messages { get; private init; } = [];

    public string Text { get; private init; } = "";

    /// <summary>Other words in which the last answer is as right: for scoring only.</summary>
    public IReadOnlyList<string> Others { get; init; } = [];

    public bool IsDialogue => Messages.Count > 0;

    /// <summary>All that is text in it: what a tokenizer learns from.</summary>
    public IEnumerable<string> Texts => IsDialogue ? Messages.SelectMany(m => new[] { m.Role, m.Content }) : [Text];

    public static Document Prose(string text) => new() { Text = text };

    public static Document Dialogue(params IEnumerable<Message> messages) => new() { Messages = [.. messages] };

    /// <summary>A dialogue of one question and one answer, with a system line before it unless that is null.</summary>
    public static Document Ask(string question, string answer, string? system = null) =>
        Dialogue([.. SystemLine(system), new("user", question), new("assistant", answer)]);

    public static IEnumerable<Message> SystemLine(string? text) => text is null ? [] : [new Message("system", text)];

    /// <summary>The document as one line of JSON: <c>{"messages":[...]}</c>, with <c>"others"</c> if there are any, or <c>{"text":"..."}</c>.</summary>
    public string ToJsonLine()
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, Plain))
        {
            writer.WriteStartObject();
            if (IsDialogue) WriteMessages(writer);
            else writer.WriteString("text", Text);
            if (Others.Count > 0) WriteOthers(writer);
            writer.WriteEndObject();
        }
        return System.Text.Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }

    private void WriteOthers(Utf8JsonWriter writer)
    {
        writer.WriteStartArray("others");
        foreach (var other in Others) writer.WriteStringValue(other);
        writer.WriteEndArray();
    }

    private void WriteMessages(Utf8JsonWriter writer)
    {
        writer.WriteStartArray("messages");
        foreach (var message in Messages)
        {
            writer.WriteStartObject();
            writer.WriteString("role", message.Role);
            writer.WriteString("content", message.Content);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
    }
}
