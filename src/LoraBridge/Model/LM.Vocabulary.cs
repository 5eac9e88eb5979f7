namespace LoraBridge.Model;

/// <content>Text and tokens.</content>
public sealed partial class LM
{
    private readonly Vocabulary _vocabulary;

    /// <summary>Number of tokens that the model knows; their ids are 0 to one less.</summary>
    public int VocabularySize => _vocabulary.Size;

    /// <summary>The token that starts a text, or null.</summary>
    public int? BosToken => _vocabulary.Bos;

    /// <summary>The token that ends a text, or null.</summary>
    public int? EosToken => _vocabulary.Eos;

    /// <summary>How the start token is written in templates; empty when there is none.</summary>
    public string BosText => _vocabulary.BosText;

    /// <summary>How the end token is written in templates; empty when there is none.</summary>
    public string EosText => _vocabulary.EosText;

    /// <summary>The chat template (Jinja): the one of <see cref="LoadingOptions.ChatTemplate"/>, or the model's own; null when its file has none.</summary>
    public string? ChatTemplate { get; }

    /// <summary>The tokens of a text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="addSpecial">Add the tokens that the model wants at the start and end.</param>
    /// <param name="parseSpecial">
    /// Read control tokens written out in the text, such as <c>&lt;|im_start|&gt;</c>, as such. Never for text of strangers.
    /// </param>
    /// <exception cref="InvalidOperationException">The model has no tokenizer.</exception>
    /// <exception cref="ObjectDisposedException">The model was disposed.</exception>
    public int[] Tokenize(string text, bool addSpecial = true, bool parseSpecial = false)
    {
        ArgumentNullException.ThrowIfNull(text);
        _ = Core;
        return _vocabulary.Tokenize(text, addSpecial, parseSpecial);
    }

    /// <summary>The text of tokens.</summary>
    /// <param name="tokens">Token ids.</param>
    /// <param name="removeSpecial">Leave out the tokens that <see cref="Tokenize"/> adds at the start and end.</param>
    /// <param name="renderSpecial">Write control tokens out instead of leaving them out.</param>
    /// <exception cref="ArgumentOutOfRangeException">A token is not one of the model's.</exception>
    /// <exception cref="InvalidOperationException">The model has no tokenizer.</exception>
    /// <exception cref="ObjectDisposedException">The model was disposed.</exception>
    public string Detokenize(ReadOnlySpan<int> tokens, bool removeSpecial = false, bool renderSpecial = false)
    {
        _ = Core;
        return _vocabulary.Detokenize(tokens, removeSpecial, renderSpecial);
    }

    internal Vocabulary Vocabulary => _vocabulary;
}
