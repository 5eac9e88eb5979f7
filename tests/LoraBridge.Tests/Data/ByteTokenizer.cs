using System.Text;
using LoraBridge.Data;
using LoraBridge.Finetuning;
using LoraBridge.Training.Batching;

namespace LoraBridge.Tests.Finetuning.Data;

/// <summary>Bytes, a merged pair and a few special tokens: small enough to read in a test, and it merges across boundaries as real ones do.</summary>
internal sealed class ByteTokenizer : ITokenizer
{
    public const int Beginning = 256;
    public const int End = 257;
    private static readonly string[] Specials = ["<s>", "</s>", "<|im_start|>", "<|im_end|>"];

    public int VocabularySize => 261;

    public int? BeginningToken => Beginning;

    public int? EndToken => End;

    public int[] Tokenize(string text, bool addSpecial, bool parseSpecial)
    {
        List<int> tokens = addSpecial ? [Beginning] : [];
        for (var i = 0; i < text.Length;)
        {
            var special = parseSpecial ? Array.FindIndex(Specials, name => string.CompareOrdinal(text, i, name, 0, name.Length) == 0) : -1;
            if (special >= 0)
            {
                tokens.Add(256 + special);
                i += Specials[special].Length;
            }
            else if (string.CompareOrdinal(text, i, "\n\n", 0, 2) == 0)
            {
                tokens.Add(260);
                i += 2;
            }
            else
            {
                var length = char.IsHighSurrogate(text[i]) ? 2 : 1;
                tokens.AddRange(Encoding.UTF8.GetBytes(text.Substring(i, length)).Select(b => (int)b));
                i += length;
            }
        }
        return [.. tokens];
    }

    public static string Text(IEnumerable<int> tokens) => string.Concat(tokens.Select(token => token switch
    {
        260 => "\n\n",
        >= 256 => Specials[token - 256],
        _ => ((char)token).ToString(),
    }));

    /// <summary>The text of the tokens that count.</summary>
    public static string Learnt(TrainingSample sample) => Text(sample.Tokens.Where((_, i) => sample.Labels[i] != TrainingSample.Ignored));
}
