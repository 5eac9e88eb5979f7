using System.Text;

namespace LoraBridge.Examples.BaseModel.Tokenizer;

/// <summary>Text to token ids and back. Not safe for concurrent use: it remembers the pieces it has met.</summary>
internal sealed class BpeTokenizer(BpeVocabulary vocabulary)
{
    private readonly Dictionary<string, int[]> _pieces = [];

    public BpeVocabulary Vocabulary { get; } = vocabulary;

    /// <summary>Plain text: the spelling of a control token is text like any other.</summary>
    public List<int> Encode(string text)
    {
        var ids = new List<int>();
        foreach (var piece in PreTokenizer.Split(text)) ids.AddRange(EncodePiece(piece));
        return ids;
    }

    /// <summary>Text in which the spelling of a control token is that token, as in a rendered chat template.</summary>
    public List<int> EncodeWithControlTokens(string text)
    {
        var ids = new List<int>();
        var start = 0;
        while (NextControlToken(text, start) is var (at, token) && at >= 0)
        {
            ids.AddRange(Encode(text[start..at]));
            ids.Add(Vocabulary.Id(token));
            start = at + token.Length;
        }
        ids.AddRange(Encode(text[start..]));
        return ids;
    }

    /// <summary>The text of the tokens; control tokens are left out unless asked for.</summary>
    public string Decode(IEnumerable<int> ids, bool withControlTokens = false)
    {
        using var bytes = new MemoryStream();
        foreach (var id in ids)
        {
            var token = Vocabulary.Tokens[id];
            if (!BpeVocabulary.IsControl(id)) bytes.Write(ByteAlphabet.Unspell(token));
            else if (withControlTokens) bytes.Write(Encoding.UTF8.GetBytes(token));
        }
        return Encoding.UTF8.GetString(bytes.ToArray());
    }

    private int[] EncodePiece(string piece)
    {
        if (_pieces.TryGetValue(piece, out var known)) return known;
        var symbols = Encoding.UTF8.GetBytes(piece).Select(BpeVocabulary.ByteId).ToList();
        while (BestMerge(symbols) is var (at, result) && at >= 0)
        {
            symbols[at] = result;
            symbols.RemoveAt(at + 1);
        }
        return _pieces[piece] = [.. symbols];
    }

    /// <summary>The leftmost pair among those of the highest priority.</summary>
    private (int At, int Result) BestMerge(List<int> symbols)
    {
        var (best, at, merged) = (int.MaxValue, -1, 0);
        for (var i = 0; i + 1 < symbols.Count; i++)
        {
            if (Vocabulary.TryGetMerge(symbols[i], symbols[i + 1], out var rank, out var result) && rank < best) (best, at, merged) = (rank, i, result);
        }
        return (at, merged);
    }

    private static (int At, string Token) NextControlToken(string text, int start)
    {
        (int At, string Token) first = (-1, "");
        foreach (var token in BpeVocabulary.ControlTokens)
        {
            var at = text.IndexOf(token, start, StringComparison.Ordinal);
            if (at >= 0 && (first.At < 0 || at < first.At)) first = (at, token);
        }
        return first;
    }
}
