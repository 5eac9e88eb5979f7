using System.Text;
using LoraBridge.Model;
using LoraBridge.TextGeneration;
using LoraBridge.Training.Batching;

namespace LoraBridge.Tests.Data;

/// <summary>Bytes, a merged pair and a few special tokens: small enough to read in a test, and it merges across boundaries as real ones do.</summary>
internal sealed class ByteTokenizer : ITokenizer
{
    public const int Beginning = 256;
    public const int End = 257;
    public const int TurnEnd = 259;
    private const int MergedPair = 260;
    private static readonly string[] Specials = ["<s>", "</s>", "<|im_start|>", "<|im_end|>"];

    public bool CanTokenize => true;

    public int VocabularySize => 261;

    public int? BeginningToken => Beginning;

    public int? EndToken => End;

    public int? EndOfTurnToken => TurnEnd;

    public IReadOnlyList<ControlToken> ControlTokens { get; } =
        [.. Specials.Select((text, index) => new ControlToken(Beginning + index, text)).OrderByDescending(token => token.Text.Length)];

    public bool IsEndOfGeneration(int token) => token is End or TurnEnd;

    public int[] Tokenize(string text, bool parseSpecial)
    {
        List<int> tokens = [];
        for (var i = 0; i < text.Length;)
        {
            var special = parseSpecial ? Array.FindIndex(Specials, name => string.CompareOrdinal(text, i, name, 0, name.Length) == 0) : -1;
            if (special >= 0)
            {
                tokens.Add(Beginning + special);
                i += Specials[special].Length;
            }
            else if (string.CompareOrdinal(text, i, "\n\n", 0, 2) == 0)
            {
                tokens.Add(MergedPair);
                i += 2;
            }
            else
            {
                var length = char.IsHighSurrogate(text[i]) && i + 1 < text.Length ? 2 : 1;
                tokens.AddRange(Encoding.UTF8.GetBytes(text.Substring(i, length)).Select(b => (int)b));
                i += length;
            }
        }
        return [.. tokens];
    }

    public static string Text(IEnumerable<int> tokens) => string.Concat(tokens.Select(token => token switch
    {
        MergedPair => "\n\n",
        >= Beginning => Specials[token - Beginning],
        _ => ((char)token).ToString(),
    }));

    /// <summary>The text of the tokens that count.</summary>
    public static string Learnt(TrainingSample sample) => Text(sample.Tokens.Where((_, i) => sample.Labels[i] != TrainingSample.Ignored));
}
