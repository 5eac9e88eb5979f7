using System.Globalization;
using System.Text;
using LoraBridge.Formats;

namespace LoraBridge.Model.Checks;

/// <summary>The tokenizer of a model: what llama.cpp asserts or throws across its C interface about it.</summary>
internal static class VocabularyCheck
{
    private const string TokensKey = "tokenizer.ggml.tokens";

    internal static void Check(CheckedMetadata metadata)
    {
        var model = metadata.Values.GetString("tokenizer.ggml.model");
        if (model is "none" or "no_vocab")
        {
            metadata.Integer("vocab_size", 0, int.MaxValue, missing: 0);
            return;
        }
        var tokens = metadata.Values.GetStringArray(TokensKey);
        if (tokens.Count == 0)
            throw metadata.Fault($"{TokensKey} is empty, expected the texts of the tokens");
        CheckLengths(metadata, tokens.Count);
        var texts = CheckUnique(metadata, tokens);
        if (model is "llama")
            CheckBytes(metadata, texts);
        CheckEmbedding(metadata, tokens.Count);
    }

    private static void CheckLengths(CheckedMetadata metadata, int count)
    {
        foreach (var key in (string[])["tokenizer.ggml.scores", "tokenizer.ggml.token_type"])
        {
            if (metadata.Values.TryGet(key, out var values) && values.Count < count)
                throw metadata.Fault($"{key} has {values.Count} values, expected {count}, one for each token");
        }
    }

    /// <summary>Texts as native code sees them: it ends one at a NUL, and names an empty one by its index.</summary>
    private static HashSet<string> CheckUnique(CheckedMetadata metadata, GgufStringArray tokens)
    {
        var texts = new HashSet<string>(tokens.Count, StringComparer.Ordinal);
        for (var i = 0; i < tokens.Count; i++)
        {
            var bytes = tokens.Utf8(i);
            if (bytes.IndexOf((byte)0) is var end and >= 0)
                bytes = bytes[..end];
            var text = bytes.IsEmpty ? string.Create(CultureInfo.InvariantCulture, $"[EMPTY_{i}]") : Encoding.Latin1.GetString(bytes);
            if (!texts.Add(text))
                throw metadata.Fault($"token {i} of {TokensKey}, '{tokens[i]}', is there twice, expected each once");
        }
        return texts;
    }

    /// <summary>A SentencePiece vocabulary falls back to single bytes and looks them up without asking.</summary>
    private static void CheckBytes(CheckedMetadata metadata, HashSet<string> texts)
    {
        for (var value = 0; value < 256; value++)
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"<0x{value:X2}>");
            if (!texts.Contains(name) && !texts.Contains(((char)value).ToString()))
                throw metadata.Fault($"{TokensKey} has no token for the byte {name}");
        }
    }

    private static void CheckEmbedding(CheckedMetadata metadata, int count)
    {
        if (metadata.Files.Find(TensorNames.TokenEmbedding) is { } embedding && embedding.Info.Dimension(1) != count)
            throw metadata.Fault($"{TensorNames.TokenEmbedding} has {embedding.Info.Dimension(1)} rows, expected {count}, one for each token");
    }
}
