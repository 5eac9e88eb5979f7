using System.Runtime.InteropServices;
using System.Text;

namespace LoraBridge.Examples.BaseModel.Tokenizer;

/// <summary>How large a vocabulary to learn.</summary>
internal sealed record BpeOptions
{
    /// <summary>Tokens in all, control tokens and bytes included.</summary>
    public int VocabularySize { get; init; } = 1280;

    /// <summary>A pair seen fewer times is not merged: its token would hardly be trained. Fewer tokens may come out.</summary>
    public int MinimumFrequency { get; init; } = 40;
}

/// <summary>
/// Learns byte-level BPE merges (Sennrich, Haddow, Birch 2016): join the most frequent pair of neighbours, again and
/// again. Ties go to the pair with the smaller ids, so the same text always gives the same vocabulary.
/// </summary>
internal static class BpeTrainer
{
    private sealed record Word(int[] Symbols, int Frequency);

    public static BpeVocabulary Train(IEnumerable<string> texts, BpeOptions options)
    {
        var vocabulary = new BpeVocabulary();
        var words = CountWords(texts);
        while (vocabulary.Count < options.VocabularySize && MostFrequentPair(words) is var (pair, frequency) && frequency >= options.MinimumFrequency)
        {
            var merged = vocabulary.AddMerge(pair.Left, pair.Right);
            for (var i = 0; i < words.Count; i++) words[i] = words[i] with { Symbols = Merge(words[i].Symbols, pair, merged) };
        }
        return vocabulary;
    }

    private static List<Word> CountWords(IEnumerable<string> texts)
    {
        var counts = new Dictionary<string, int>();
        foreach (var text in texts)
        {
            foreach (var piece in PreTokenizer.Split(text)) CollectionsMarshal.GetValueRefOrAddDefault(counts, piece, out _)++;
        }
        return [.. counts.Select(c => new Word([.. Encoding.UTF8.GetBytes(c.Key).Select(BpeVocabulary.ByteId)], c.Value))];
    }

    private static ((int Left, int Right) Pair, int Frequency) MostFrequentPair(List<Word> words)
    {
        var counts = new Dictionary<(int Left, int Right), int>();
        foreach (var word in words)
        {
            for (var i = 1; i < word.Symbols.Length; i++)
                CollectionsMarshal.GetValueRefOrAddDefault(counts, (word.Symbols[i - 1], word.Symbols[i]), out _) += word.Frequency;
        }
        ((int, int) Pair, int Frequency) best = default;
        foreach (var (pair, frequency) in counts)
        {
            if (frequency > best.Frequency || (frequency == best.Frequency && pair.CompareTo(best.Pair) < 0)) best = (pair, frequency);
        }
        return best;
    }

    private static int[] Merge(int[] symbols, (int Left, int Right) pair, int merged)
    {
        if (!symbols.AsSpan().Contains(pair.Left)) return symbols;
        var result = new List<int>(symbols.Length);
        for (var i = 0; i < symbols.Length; i++)
        {
            var joined = i + 1 < symbols.Length && symbols[i] == pair.Left && symbols[i + 1] == pair.Right;
            result.Add(joined ? merged : symbols[i]);
            if (joined) i++;
        }
        return [.. result];
    }
}
