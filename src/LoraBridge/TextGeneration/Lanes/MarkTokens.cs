using System.Text;
using LoraBridge.Model;

namespace LoraBridge.TextGeneration.Lanes;

/// <summary>Finds the control tokens that an answer shows: those of the marks that a parser reads.</summary>
internal static class MarkTokens
{
    private static readonly Dictionary<int, byte[]> None = [];

    /// <summary>The tokens that stand for one of the marks and have no text otherwise, with the bytes to write.</summary>
    internal static IReadOnlyDictionary<int, byte[]> Find(Vocabulary vocabulary, IReadOnlyList<string> marks)
    {
        if (marks.Count == 0)
            return None;
        var tokens = new Dictionary<int, byte[]>();
        foreach (var mark in marks)
        {
            if (vocabulary.Tokenize(mark, addSpecial: false, parseSpecial: true) is [var token] && vocabulary.Piece(token).Length == 0)
                tokens[token] = Encoding.UTF8.GetBytes(mark);
        }
        return tokens;
    }
}
