using System.Text.Json;
using LoraBridge.Finetuning;

namespace LoraBridge.Data;

/// <summary>Recognises the layout of a row and reads it.</summary>
internal static class RowFormats
{
    public static DatasetFormat? Detect(JsonElement row)
    {
        if (row.ValueKind != JsonValueKind.Object)
            return null;
        if (row.Has("messages"))
            return DatasetFormat.ChatMessages;
        if (row.Has("conversations"))
            return DatasetFormat.ShareGpt;
        if (row.Has("input_ids"))
            return DatasetFormat.Tokens;
        if (row.Has("instruction") && row.Has("output"))
            return DatasetFormat.Alpaca;
        if (row.Has("prompt") && row.Has("completion"))
            return DatasetFormat.PromptCompletion;
        return row.Has("text") ? DatasetFormat.Text : null;
    }

    /// <exception cref="DatasetRowException">The row is not of this format.</exception>
    public static RawSample Read(DatasetFormat format, JsonElement row, SampleSource source)
    {
        if (row.ValueKind != JsonValueKind.Object)
            throw JsonFields.WrongType("row", "an object", row);
        return format switch
        {
            DatasetFormat.ChatMessages => new ChatSample(source, ChatRows.ReadMessages(row)),
            DatasetFormat.ShareGpt => new ChatSample(source, ChatRows.ReadShareGpt(row)),
            DatasetFormat.Alpaca => new ChatSample(source, ChatRows.ReadAlpaca(row)),
            DatasetFormat.PromptCompletion => ReadCompletion(row, source),
            DatasetFormat.Text => new TextSample(source, row.Text("text")),
            DatasetFormat.Tokens => ReadTokens(row, source),
            _ => throw new DatasetRowException($"rows have no format {format}"),
        };
    }

    private static RawSample ReadCompletion(JsonElement row, SampleSource source)
    {
        var isChat = row.TryGetProperty("prompt", out var prompt) && prompt.ValueKind == JsonValueKind.Array;
        return isChat
            ? new ChatSample(source, ChatRows.ReadPromptAndCompletion(row))
            : new CompletionSample(source, row.Text("prompt"), row.Text("completion"));
    }

    private static TokenSample ReadTokens(JsonElement row, SampleSource source)
    {
        var tokens = row.Integers("input_ids");
        var labels = row.Has("labels") ? row.Integers("labels") : null;
        if (labels is not null && labels.Length != tokens.Length)
            throw new DatasetRowException($"'input_ids' has {tokens.Length} items, 'labels' {labels.Length}");
        return new TokenSample(source, tokens, labels);
    }
}
