using System.Globalization;
using System.Text;

namespace LoraBridge.Examples.BaseModel.Tokenizer;

/// <summary>
/// Splits text into the pieces inside which merges happen, as llama.cpp does for <c>tokenizer.ggml.pre = "smollm"</c>:
/// every number character (<c>\p{N}</c>) is a piece of its own, and what lies between is split by GPT-2's rule
/// <c>'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+</c>.
/// Only for characters younger than its Unicode tables can llama.cpp split otherwise.
/// </summary>
internal static class PreTokenizer
{
    public const string Name = "smollm";

    private enum Kind { Letter, Number, Space, Other }

    public static List<string> Split(string text)
    {
        var runes = text.EnumerateRunes().ToArray();
        var kinds = Array.ConvertAll(runes, Classify);
        var pieces = new List<string>();
        var start = 0;
        for (var i = 0; i <= runes.Length; i++)
        {
            if (i < runes.Length && kinds[i] != Kind.Number) continue;
            SplitWords(runes, kinds, start, i, pieces);
            if (i < runes.Length) pieces.Add(runes[i].ToString());
            start = i + 1;
        }
        return pieces;
    }

    private static void SplitWords(Rune[] runes, Kind[] kinds, int start, int end, List<string> pieces)
    {
        while (start < end)
        {
            var next = EndOfPiece(runes, kinds, start, end);
            pieces.Add(Join(runes, start, next));
            start = next;
        }
    }

    private static int EndOfPiece(Rune[] runes, Kind[] kinds, int start, int end)
    {
        if (EndOfContraction(runes, start, end) is var contraction and > 0) return contraction;

        // One space, and only U+0020, belongs to the word or the signs that follow it.
        var body = runes[start].Value == ' ' && start + 1 < end && kinds[start + 1] != Kind.Space ? start + 1 : start;
        if (kinds[body] != Kind.Space) return EndOfRun(kinds, body, end);

        // White space before a word leaves its last character to the word.
        var spaces = EndOfRun(kinds, start, end);
        return spaces < end && spaces - start > 1 ? spaces - 1 : spaces;
    }

    private static int EndOfRun(Kind[] kinds, int start, int end)
    {
        var i = start;
        while (i < end && kinds[i] == kinds[start]) i++;
        return i;
    }

    private static int EndOfContraction(Rune[] runes, int start, int end)
    {
        if (runes[start].Value != '\'' || start + 1 >= end) return 0;
        var first = runes[start + 1].Value;
        if (first is 's' or 't' or 'm' or 'd') return start + 2;
        if (start + 2 >= end) return 0;
        return (first, runes[start + 2].Value) is ('r', 'e') or ('v', 'e') or ('l', 'l') ? start + 3 : 0;
    }

    private static string Join(Rune[] runes, int start, int end)
    {
        var text = new StringBuilder();
        for (var i = start; i < end; i++) text.Append(runes[i].ToString());
        return text.ToString();
    }

    private static Kind Classify(Rune rune) => Rune.GetUnicodeCategory(rune) switch
    {
        UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter
            or UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter => Kind.Letter,
        UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber => Kind.Number,
        _ => Rune.IsWhiteSpace(rune) ? Kind.Space : Kind.Other,
    };
}
