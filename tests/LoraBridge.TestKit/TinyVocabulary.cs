using LoraBridge.Formats;

namespace LoraBridge.TestKit;

/// <summary>
/// A byte-level vocabulary: one token for each byte, then the control tokens of ChatML. No merges, so that a text has a token for each byte.
/// </summary>
public static class TinyVocabulary
{
    private const int NormalToken = 1;
    private const int ControlToken = 3;

    private static readonly string[] ControlTexts = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|pad|>"];

    /// <summary>Number of tokens.</summary>
    public const int Size = 260;

    /// <summary>Ends a text.</summary>
    public const int EndOfText = 256;

    /// <summary>Starts a message.</summary>
    public const int MessageStart = 257;

    /// <summary>Ends a message.</summary>
    public const int MessageEnd = 258;

    /// <summary>Fills up.</summary>
    public const int Padding = 259;

    /// <summary>The ChatML template.</summary>
    public const string ChatTemplate =
        "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}"
        + "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";

    /// <summary>Adds the tokenizer to the metadata of a model.</summary>
    public static void AddTo(GgufMetadata metadata)
    {
        var types = Enumerable.Repeat(NormalToken, 256).Concat(Enumerable.Repeat(ControlToken, ControlTexts.Length)).ToArray();
        metadata
            .Set("tokenizer.ggml.model", "gpt2")
            .Set("tokenizer.ggml.pre", "gpt-2")
            .Set("tokenizer.ggml.tokens", GgufValue.FromStrings(Enumerable.Range(0, 256).Select(ByteText).Concat(ControlTexts)))
            .Set("tokenizer.ggml.token_type", GgufValue.FromArray<int>(types))
            .Set("tokenizer.ggml.merges", GgufValue.FromStrings([]))
            .Set("tokenizer.ggml.bos_token_id", (uint)EndOfText)
            .Set("tokenizer.ggml.eos_token_id", (uint)MessageEnd)
            .Set("tokenizer.ggml.padding_token_id", (uint)Padding)
            .Set("tokenizer.ggml.add_bos_token", false)
            .Set("tokenizer.chat_template", ChatTemplate);
    }

    /// <summary>The printable character that stands for a byte in GPT-2 vocabularies; id and byte are the same here.</summary>
    private static string ByteText(int value)
    {
        if (IsPrintable(value))
            return ((char)value).ToString();
        var before = Enumerable.Range(0, value).Count(other => !IsPrintable(other));
        return ((char)(256 + before)).ToString();
    }

    private static bool IsPrintable(int value) => value is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or (>= 0xAE and <= 0xFF);
}
