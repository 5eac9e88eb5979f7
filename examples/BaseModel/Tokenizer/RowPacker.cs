namespace LoraBridge.Examples.BaseModel.Tokenizer;

/// <summary>
/// Fills training rows of one length with whole documents. A row starts with a document, as a prompt does later; what
/// is left at its end is filled with end-of-text tokens that bear no loss.
/// </summary>
internal static class RowPacker
{
    /// <summary>Documents that wait for a row with room; with this many, rows are about 97 % full.</summary>
    private const int Window = 64;

    /// <param name="documents">The tokens and labels of each document; one longer than a row is cut.</param>
    /// <param name="length">Tokens in a row.</param>
    /// <param name="padding">The id that fills up.</param>
    public static IEnumerable<Sample> Pack(IEnumerable<Sample> documents, int length, int padding)
    {
        using var source = documents.GetEnumerator();
        var waiting = new List<Sample>();
        while (Refill(source, waiting))
        {
            var ids = new List<int>(length);
            var labels = new List<int>(length);
            Take(0);
            while (waiting.FindIndex(d => d.Length <= length - ids.Count) is var fits and >= 0)
            {
                Take(fits);
                Refill(source, waiting);
            }
            ids.AddRange(Enumerable.Repeat(padding, length - ids.Count));
            labels.AddRange(Enumerable.Repeat(Sample.Ignored, length - labels.Count));
            yield return new Sample([.. ids], [.. labels]);

            void Take(int index)
            {
                ids.AddRange(waiting[index].InputIds.Take(length));
                labels.AddRange(waiting[index].Labels.Take(length));
                waiting.RemoveAt(index);
            }
        }
    }

    /// <summary>Writes rows as pre-tokenised lines.</summary>
    public static void Write(string path, IEnumerable<Sample> rows)
    {
        var unfinished = path + ".tmp";
        File.WriteAllLines(unfinished, rows.Select(r => r.ToJsonLine()));
        File.Move(unfinished, path, overwrite: true);
    }

    private static bool Refill(IEnumerator<Sample> source, List<Sample> waiting)
    {
        while (waiting.Count < Window && source.MoveNext()) waiting.Add(source.Current);
        return waiting.Count > 0;
    }
}
