using System.Text;
using LoraBridge.Native;
using static LoraBridge.Native.Llama;

namespace LoraBridge.Model;

/// <summary>The tokenizer of a model. It works as long as somebody uses the model, and says so afterwards.</summary>
internal sealed class Vocabulary
{
    private readonly ModelCore _core;
    private readonly string _path;
    private readonly Lazy<TokenPieces> _pieces;
    private readonly Lazy<IReadOnlyList<ControlToken>> _controlTokens;

    internal Vocabulary(ModelCore core)
    {
        _core = core;
        using var use = core.Enter();
        var vocabulary = use.Vocabulary;
        _path = core.Files.Files[0].Path;
        HasTokenizer = llama_vocab_type(vocabulary) is not (LlamaVocabType.None or LlamaVocabType.Test);
        Size = llama_vocab_n_tokens(vocabulary);
        Bos = Existing(llama_vocab_bos(vocabulary));
        Eos = Existing(llama_vocab_eos(vocabulary));
        Eot = Existing(llama_vocab_eot(vocabulary));
        BosText = TextOf(vocabulary, Bos);
        EosText = TextOf(vocabulary, Eos);
        AddsBos = llama_vocab_get_add_bos(vocabulary);
        _pieces = new Lazy<TokenPieces>(() => new TokenPieces(this));
        _controlTokens = new(FindControlTokens);
    }

    /// <summary>Whether texts can be tokenized: models for tests have none.</summary>
    internal bool HasTokenizer { get; }

    internal int Size { get; }

    internal int? Bos { get; }

    internal int? Eos { get; }

    /// <summary>The token that ends a turn.</summary>
    internal int? Eot { get; }

    /// <summary>Tokens that are read from a text only if special tokens are parsed; longest texts first, as the tokenizer looks for them.</summary>
    internal IReadOnlyList<ControlToken> ControlTokens => _controlTokens.Value;

    internal string BosText { get; }

    internal string EosText { get; }

    /// <summary>Whether a text starts with <see cref="Bos"/> when special tokens are added.</summary>
    internal bool AddsBos { get; }

    /// <summary>The bytes of all tokens, ordered; made when first asked for.</summary>
    internal TokenPieces Pieces => _pieces.Value;

    /// <summary>Whether a model that generates this token has finished.</summary>
    internal bool IsEndOfGeneration(int token)
    {
        using var use = _core.Enter();
        return llama_vocab_is_eog(use.Vocabulary, token);
    }

    /// <summary>The bytes of a token: a piece of text that may end within a character. Control tokens have none unless they are written out.</summary>
    internal byte[] Piece(int token, bool writeControl = false)
    {
        RequireTokenizer();
        using var use = _core.Enter();
        return LlamaTokenizer.Piece(use.Vocabulary, token, special: writeControl);
    }

    internal int[] Tokenize(string text, bool addSpecial, bool parseSpecial)
    {
        RequireTokenizer();
        using var use = _core.Enter();
        var tokens = LlamaTokenizer.Tokenize(use.Vocabulary, text, addSpecial, parseSpecial);
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
        using var use = _core.Enter();
        return LlamaTokenizer.Detokenize(use.Vocabulary, tokens, removeSpecial, renderSpecial);
    }

    private IReadOnlyList<ControlToken> FindControlTokens()
    {
        using var use = _core.Enter();
        List<ControlToken> found = [];
        for (var token = 0; HasTokenizer && token < Size; token++)
        {
            var attributes = llama_vocab_get_attr(use.Vocabulary, token);
            if ((attributes & (LlamaTokenAttributes.Control | LlamaTokenAttributes.Unknown)) != 0 && TextOf(use.Vocabulary, token) is { Length: > 0 } text)
                found.Add(new ControlToken(token, text, attributes.HasFlag(LlamaTokenAttributes.Lstrip), attributes.HasFlag(LlamaTokenAttributes.Rstrip)));
        }
        return [.. found.OrderByDescending(token => Encoding.UTF8.GetByteCount(token.Text))];
    }

    private void RequireTokenizer()
    {
        if (!HasTokenizer)
            throw new InvalidOperationException($"{_path} has no tokenizer.");
    }

    private static string TextOf(VocabPtr vocabulary, int? token) => token is { } id ? llama_vocab_get_text(vocabulary, id) ?? "" : "";

    private int? Existing(int token) => token >= 0 && token < Size ? token : null;
}

/// <summary>A token that stands for no text of its own.</summary>
/// <param name="Id">The token.</param>
/// <param name="Text">How it is written out.</param>
/// <param name="StripsLeft">Whether white space before it belongs to it.</param>
/// <param name="StripsRight">Whether white space after it belongs to it.</param>
internal readonly record struct ControlToken(int Id, string Text, bool StripsLeft = false, bool StripsRight = false);
