using System.Text.Json;

namespace LoraBridge.Data;

/// <summary>Finds the fields of a row that say something and that nobody reads.</summary>
internal static class RowFields
{
    /// <summary>Fields that keep books about a row and are no part of what it says.</summary>
    private static readonly HashSet<string> Bookkeeping = new(StringComparer.OrdinalIgnoreCase)
    {
        "id", "ids", "uid", "uuid", "guid", "idx", "index", "key", "row", "line", "number", "no", "source", "src", "sources", "origin", "dataset", "datasets", "subset",
        "split", "category", "categories", "topic", "topics", "subject", "domain", "task", "tasks", "tag", "tags", "label_name", "type", "kind", "lang", "language", "locale",
        "country", "state", "url", "link", "license", "copyright", "author", "authors", "user", "username", "annotator", "creator", "created", "created_at", "createdat",
        "updated", "updated_at", "timestamp", "time", "date", "version", "model", "models", "model_name", "generator", "meta", "metadata", "meta_data", "info", "extra",
        "additional_info", "score", "scores", "rating", "ratings", "quality", "difficulty", "hash", "md5", "sha1", "sha256", "checksum", "length", "len", "size", "file",
        "filename", "file_name", "path", "title", "status", "openai_moderation", "detoxify_moderation", "redacted", "toxic", "parallel_tool_calls", "annotations", "usage",
        "finish_reason", "stop_reason", "logprobs", "object", "end_turn", "recipient", "channel_id",
    };

    private static readonly string[] BookkeepingEndings = ["_id", "_ids", "_idx", "_index", "_count", "_score", "_hash", "_url", "_source", "_name", "_type", "_length", "_tokens"];

    /// <summary>Fields that say something whatever their type: what a classifier should say, for one.</summary>
    private static readonly string[] Answers = ["label", "labels", "target", "targets", "class", "answer", "answers", "response", "output", "completion"];

    private static readonly string[] Weights = ["weight", "sample_weight", "loss_weight", "train"];

    /// <summary>What is not understood of a row or a turn.</summary>
    /// <param name="element">The row or turn.</param>
    /// <param name="what">What it is, for the message: <c>the row</c>, say.</param>
    /// <param name="known">The fields that are read.</param>
    /// <param name="repeats">Whether a text only says again what the row says elsewhere.</param>
    public static IEnumerable<string> NotUnderstood(JsonElement element, string what, IReadOnlyCollection<string> known, Func<string, bool>? repeats = null)
    {
        foreach (var property in element.EnumerateObject())
        {
            if (!known.Contains(property.Name) && SaysSomething(property, repeats))
                yield return $"the field '{property.Name}' of {what} is not understood, and left out";
        }
    }

    private static bool SaysSomething(JsonProperty property, Func<string, bool>? repeats)
    {
        var (name, value) = (property.Name, property.Value);
        if (Weights.Contains(name))
            return value.ValueKind is not (JsonValueKind.Null or JsonValueKind.True) && value.GetRawText() is not ("1" or "1.0");
        if (name.StartsWith('_') || Bookkeeping.Contains(name) || Array.Exists(BookkeepingEndings, ending => name.EndsWith(ending, StringComparison.OrdinalIgnoreCase)))
            return false;
        return value.ValueKind switch
        {
            JsonValueKind.String => value.GetString() is { } text && !string.IsNullOrWhiteSpace(text) && repeats?.Invoke(text) != true,
            JsonValueKind.Array => value.GetArrayLength() > 0,
            JsonValueKind.Object => value.EnumerateObject().Any(),
            JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False => Answers.Contains(name),
            _ => false,
        };
    }
}
