using System.Globalization;
using System.Text.Json;
using LoraBridge.Finetuning;
using LoraBridge.Training.Batching;

namespace LoraBridge.Data;

/// <summary>Recognises the layout of a row and reads it.</summary>
internal static class RowFormats
{
    /// <summary>The known layouts by their fields, for messages.</summary>
    public const string Known = "messages, conversations, instruction and output, prompt and completion, text, input_ids";

    /// <summary>By which name data sets say which tokens count: 1 where they do.</summary>
    private static readonly string[] LossMasks = ["loss_mask", "completion_mask", "assistant_masks", "assistant_mask"];

    private static readonly string[] TokenFields = ["input_ids", "labels", "attention_mask", "token_type_ids", "position_ids", "special_tokens_mask", "text", .. LossMasks];

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
            DatasetFormat.ChatMessages => ChatRows.ReadMessages(row, source),
            DatasetFormat.ShareGpt => ChatRows.ReadShareGpt(row, source),
            DatasetFormat.Alpaca => ChatRows.ReadAlpaca(row, source),
            DatasetFormat.PromptCompletion => ReadCompletion(row, source),
            DatasetFormat.Text => ReadText(row, source),
            DatasetFormat.Tokens => ReadTokens(row, source),
            _ => throw new DatasetRowException($"rows have no format {format}"),
        };
    }

    private static RawSample ReadCompletion(JsonElement row, SampleSource source)
    {
        var isChat = new[] { "prompt", "completion" }.Any(name => row.TryGetProperty(name, out var part) && part.ValueKind == JsonValueKind.Array);
        if (isChat)
            return ChatRows.ReadPromptAndCompletion(row, source);
        var (prompt, completion) = (row.Text("prompt"), row.Text("completion"));
        if (string.IsNullOrWhiteSpace(completion))
            throw new DatasetRowException("'completion' is empty, so there is nothing to learn");
        return new CompletionSample(source, prompt, completion)
        {
            Losses = [.. RowFields.NotUnderstood(row, "the row", ["prompt", "completion"], (prompt + completion).Contains)],
        };
    }

    private static TextSample ReadText(JsonElement row, SampleSource source)
    {
        var text = row.Text("text");
        return new TextSample(source, text) { Losses = [.. RowFields.NotUnderstood(row, "the row", ["text"], text.Contains)] };
    }

    private static TokenSample ReadTokens(JsonElement row, SampleSource source)
    {
        var tokens = row.Integers("input_ids");
        var labels = IsGiven(row, "labels") ? Mask(row, "labels", tokens.Length) : null;
        foreach (var name in LossMasks.Where(name => IsGiven(row, name)))
        {
            var counts = Flags(row, name, tokens.Length);
            labels = [.. (labels ?? tokens).Select((label, index) => counts[index] ? label : TrainingSample.Ignored)];
        }
        var attended = IsGiven(row, "attention_mask") ? Flags(row, "attention_mask", tokens.Length) : null;
        List<string> losses = [.. RowFields.NotUnderstood(row, "the row", TokenFields), .. NotObeyed(row, attended ?? [.. tokens.Select(_ => true)])];
        if (attended is not null)
        {
            // What nobody attends to is not there: padding, on either side.
            labels = labels?.Where((_, index) => attended[index]).ToArray();
            tokens = [.. tokens.Where((_, index) => attended[index])];
            if (tokens.Length == 0)
                throw new DatasetRowException("'attention_mask' is 0 for every token");
        }
        return new TokenSample(source, tokens, labels) { Losses = losses };
    }

    /// <summary>Fields that say how tokens belong together, and differ from what is made of a row: one sequence.</summary>
    private static IEnumerable<string> NotObeyed(JsonElement row, bool[] attended)
    {
        var positions = Attended("position_ids");
        if (positions.Where((position, index) => index > 0 && position != positions[index - 1] + 1).Any())
            yield return "'position_ids' do not go on from token to token: the row is trained as one sequence all the same";
        if (Attended("token_type_ids").Distinct().Skip(1).Any())
            yield return "'token_type_ids' tell tokens of the row apart, and are not obeyed: 'labels' say what is learnt";

        int[] Attended(string name) => IsGiven(row, name) ? [.. Mask(row, name, attended.Length).Where((_, index) => attended[index])] : [];
    }

    private static bool IsGiven(JsonElement row, string name) => row.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null;

    private static bool[] Flags(JsonElement row, string name, int count) =>
        [.. Mask(row, name, count).Select(flag => flag is 0 or 1 ? flag == 1 : throw new DatasetRowException(string.Create(CultureInfo.InvariantCulture, $"'{name}' holds {flag}, expected 0 or 1")))];

    private static int[] Mask(JsonElement row, string name, int count)
    {
        var values = row.Integers(name);
        return values.Length == count ? values : throw new DatasetRowException($"'input_ids' has {count} items, '{name}' {values.Length}");
    }
}
