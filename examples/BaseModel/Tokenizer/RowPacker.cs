namespace LoraBridge.Examples.BaseModel.Tokenizer;

/// <summary>Fills training rows of one length with whole documents, which do not see each other, nearly in their order.</summary>
internal static class RowPacker
{
    /// <summary>Documents that wait for a row with room; with this many, rows are about 97 % full.</summary>
    private const int Window = 64;

    /// <param name="documents">The tokens and labels of each document; one longer than a row is cut.</param>
    /// <param name="length">Tokens in a row.</param>
    public static IEnumerable<IReadOnlyList<Sample>> Pack(IEnumerable<Sample> documents, int length)
    {
        using var source = documents.GetEnumerator();
        var waiting = new List<Sample>();
        while (Refill(source, waiting))
        {
            var row = new List<Sample>();
            var room = length;
            for (var next = 0; next >= 0; next = waiting.FindIndex(d => d.Length <= room))
            {
                row.Add(waiting[next].Take(length));
                room -= row[^1].Length;
                waiting.RemoveAt(next);
                Refill(source, waiting);
            }
            yield return row;
        }
    }

    private static bool Refill(IEnumerator<Sample> source, List<Sample> waiting)
    {
        while (waiting.Count < Window && source.MoveNext()) waiting.Add(source.Current);
        return waiting.Count > 0;
    }
}
