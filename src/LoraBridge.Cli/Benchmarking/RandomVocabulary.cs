using LoraBridge.Formats;

namespace LoraBridge.Cli.Benchmarking;

/// <summary>A byte-level vocabulary filled up to a size: a token for each byte, the control tokens of ChatML, and words that no text has.</summary>
internal static class RandomVocabulary
{
    private const int Normal = 1, Control = 3, Bytes = 256;

    private static readonly string[] ControlTexts = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|pad|>"];

    /// <summary>Bytes and control tokens.</summary>
    public const int Smallest = Bytes + 4;

    /// <summary>Adds a tokenizer of <paramref name="size"/> tokens to the metadata of a model.</summary>
    public static void AddTo(GgufMetadata metadata, int size)
    {
        var fillers = Enumerable.Range(Smallest, size - Smallest).Select(id => $"<|word{id}|>");
        int[] types = [.. Enumerable.Repeat(Normal, Bytes), .. Enumerable.Repeat(Control, ControlTexts.Length), .. Enumerable.Repeat(Normal, size - Smallest)];
        metadata
            .Set("tokenizer.ggml.model", "gpt2")
            .Set("tokenizer.ggml.pre", "gpt-2")
            .Set("tokenizer.ggml.tokens", GgufValue.FromStrings(Enumerable.Range(0, Bytes).Select(ByteText).Concat(ControlTexts).Concat(fillers)))
            .Set("tokenizer.ggml.token_type", GgufValue.FromArray<int>(types))
            .Set("tokenizer.ggml.merges", GgufValue.FromStrings([]))
            .Set("tokenizer.ggml.bos_token_id", (uint)Bytes)
            .Set("tokenizer.ggml.eos_token_id", (uint)Bytes + 2)
            .Set("tokenizer.ggml.padding_token_id", (uint)Bytes + 3)
            .Set("tokenizer.ggml.add_bos_token", false);
    }

    /// <summary>The printable character that stands for a byte in GPT-2 vocabularies; id and byte are the same here.</summary>
    private static string ByteText(int value)
    {
        if (IsPrintable(value))
            return ((char)value).ToString();
        var before = Enumerable.Range(0, value).Count(other => !IsPrintable(other));
        return ((char)(Bytes + before)).ToString();
    }

    private static bool IsPrintable(int value) => value is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or (>= 0xAE and <= 0xFF);
}
