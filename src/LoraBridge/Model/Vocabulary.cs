using LoraBridge.Native;
using static LoraBridge.Native.Llama;

namespace LoraBridge.Model;

/// <summary>The tokenizer of a model. It works as long as the model's shared state lives.</summary>
internal sealed class Vocabulary
{
    private readonly VocabPtr _vocabulary;
    private readonly string _path;
    private readonly Lazy<TokenPieces> _pieces;

    internal Vocabulary(LM model)
    {
        _vocabulary = llama_model_get_vocab(model.Handle.Pointer);
        _path = model.Path;
        HasTokenizer = llama_vocab_type(_vocabulary) is not (LlamaVocabType.None or LlamaVocabType.Test);
        Size = llama_vocab_n_tokens(_vocabulary);
        Bos = Existing(llama_vocab_bos(_vocabulary));
        Eos = Existing(llama_vocab_eos(_vocabulary));
        AddsBos = llama_vocab_get_add_bos(_vocabulary);
        _pieces = new Lazy<TokenPieces>(() => new TokenPieces(this));
    }

    /// <summary>Whether texts can be tokenized: models for tests have none.</summary>
    internal bool HasTokenizer { get; }

    internal int Size { get; }

    internal int? Bos { get; }

    internal int? Eos { get; }

    /// <summary>Whether a text starts with <see cref="Bos"/> when special tokens are added.</summary>
    internal bool AddsBos { get; }

    internal string TextOf(int? token) => token is { } id ? llama_vocab_get_text(_vocabulary, id) ?? "" : "";

    /// <summary>The bytes of all tokens, ordered; made when first asked for.</summary>
    internal TokenPieces Pieces => _pieces.Value;

    /// <summary>Whether a model that generates this token has finished.</summary>
    internal bool IsEndOfGeneration(int token) => llama_vocab_is_eog(_vocabulary, token);

    /// <summary>The bytes of a token: a piece of text that may end within a character. Control tokens have none.</summary>
    internal byte[] Piece(int token)
    {
        RequireTokenizer();
        return LlamaTokenizer.Piece(_vocabulary, token, special: false);
    }

    internal int[] Tokenize(string text, bool addSpecial, bool parseSpecial)
    {
        RequireTokenizer();
        var tokens = LlamaTokenizer.Tokenize(_vocabulary, text, addSpecial, parseSpecial);
        foreach (var token in tokens)
        {
            if ((uint)token >= (uint)Size)
                throw new InvalidDataException($"{_path}: the tokenizer has no token for a part of the text, and none for unknown text");
        }
        return tokens;
    }

    internal string Detokenize(ReadOnlySpan<int> tokens, bool removeSpecial, bool renderSpecial)
    {
        RequireTokenizer();
        return LlamaTokenizer.Detokenize(_vocabulary, tokens, removeSpecial, renderSpecial);
    }

    private void RequireTokenizer()
    {
        if (!HasTokenizer)
            throw new InvalidOperationException($"{_path} has no tokenizer.");
    }

    private int? Existing(int token) => token >= 0 && token < Size ? token : null;
}
