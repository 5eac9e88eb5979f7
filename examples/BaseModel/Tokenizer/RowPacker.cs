namespace LoraBridge.Examples.BaseModel.Tokenizer;

/// <summary>
/// Fills training rows of one length with whole documents. A row starts with a document, as a prompt does later; what
/// is left at its end is filled with end-of-text tokens that bear no loss.
/// </summary>
internal static class RowPacker
{
    /// <summary>The label of a token that is not to be predicted.</summary>
    public const int Ignored = -100;

    /// <summary>Documents that wait for a row with room; with this many, rows are about 99 % full.</summary>
    private const int Window = 64;

    /// <summary>One row: ids and the labels aligned with them.</summary>
    internal sealed record Row(int[] InputIds, int[] Labels)
    {
        public string ToJsonLine() => $"{{\"input_ids\":[{string.Join(',', InputIds)}],\"labels\":[{string.Join(',', Labels)}]}}";
    }

    /// <param name="documents">Token ids of each document; one longer than a row is cut.</param>
    /// <param name="length">Tokens in a row.</param>
    /// <param name="padding">The id that fills up.</param>
    public static IEnumerable<Row> Pack(IEnumerable<IReadOnlyList<int>> documents, int length, int padding)
    {
        using var source = documents.GetEnumerator();
        var waiting = new List<IReadOnlyList<int>>();
        while (Refill(source, waiting))
        {
            var ids = new List<int>(waiting[0].Take(length));
            waiting.RemoveAt(0);
            while (waiting.FindIndex(d => d.Count <= length - ids.Count) is var fits and >= 0)
            {
                ids.AddRange(waiting[fits]);
                waiting.RemoveAt(fits);
                Refill(source, waiting);
            }
            var missing = length - ids.Count;
            yield return new Row(
                [.. ids, .. Enumerable.Repeat(padding, missing)],
                [.. ids, .. Enumerable.Repeat(Ignored, missing)]);
        }
    }

    /// <summary>Writes rows as the pre-tokenised lines that <c>lorabridge train</c> and <c>eval</c> read.</summary>
    public static void Write(string path, IEnumerable<Row> rows)
    {
        var unfinished = path + ".tmp";
        File.WriteAllLines(unfinished, rows.Select(r => r.ToJsonLine()));
        File.Move(unfinished, path, overwrite: true);
    }

    private static bool Refill(IEnumerator<IReadOnlyList<int>> source, List<IReadOnlyList<int>> waiting)
    {
        while (waiting.Count < Window && source.MoveNext()) waiting.Add(source.Current);
        return waiting.Count > 0;
    }
}
