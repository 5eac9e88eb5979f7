using System.Text;
using static LoraBridge.Native.Llama;

namespace LoraBridge.Native;

/// <summary>Text to tokens and back, with buffers that fit.</summary>
internal static class LlamaTokenizer
{
    /// <summary>The tokens of <paramref name="text"/>.</summary>
    /// <param name="vocab">Vocabulary.</param>
    /// <param name="text">Text.</param>
    /// <param name="addSpecial">Add the tokens that the model wants at the start and end.</param>
    /// <param name="parseSpecial">Read control tokens written out in the text as such.</param>
    internal static int[] Tokenize(VocabPtr vocab, string text, bool addSpecial, bool parseSpecial)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        var tokens = new int[bytes.Length + 8];
        var count = llama_tokenize(vocab, bytes, bytes.Length, tokens, tokens.Length, addSpecial, parseSpecial);
        if (count < 0)
        {
            if (count == int.MinValue)
                throw new ArgumentException($"The text has too many tokens: {bytes.Length} bytes.", nameof(text));
            tokens = new int[-count];
            count = llama_tokenize(vocab, bytes, bytes.Length, tokens, tokens.Length, addSpecial, parseSpecial);
        }
        return tokens[..count];
    }

    /// <summary>The bytes of <paramref name="token"/>: a piece of text that may end within a character.</summary>
    internal static byte[] Piece(VocabPtr vocab, int token, bool special)
    {
        Check(vocab, token);
        var buffer = new byte[32];
        var count = llama_token_to_piece(vocab, token, buffer, buffer.Length, lstrip: 0, special);
        if (count < 0)
        {
            buffer = new byte[-count];
            count = llama_token_to_piece(vocab, token, buffer, buffer.Length, lstrip: 0, special);
        }
        return buffer[..count];
    }

    /// <summary>The text of <paramref name="tokens"/>.</summary>
    internal static string Detokenize(VocabPtr vocab, ReadOnlySpan<int> tokens, bool removeSpecial, bool unparseSpecial)
    {
        foreach (var token in tokens)
            Check(vocab, token);
        var buffer = new byte[tokens.Length * 8 + 8];
        var count = llama_detokenize(vocab, tokens, tokens.Length, buffer, buffer.Length, removeSpecial, unparseSpecial);
        if (count < 0)
        {
            buffer = new byte[-count];
            count = llama_detokenize(vocab, tokens, tokens.Length, buffer, buffer.Length, removeSpecial, unparseSpecial);
        }
        return Encoding.UTF8.GetString(buffer, 0, count);
    }

    private static void Check(VocabPtr vocab, int token)
    {
        var size = llama_vocab_n_tokens(vocab);
        if ((uint)token >= (uint)size)
            throw new ArgumentOutOfRangeException(nameof(token), token, $"The vocabulary has {size} tokens.");
    }
}
