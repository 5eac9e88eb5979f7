namespace LoraBridge.Model;

/// <content>Text and tokens.</content>
public sealed partial class LM
{
    private readonly Vocabulary _vocabulary;

    /// <summary>Number of tokens in the vocabulary; ids are 0 to one less.</summary>
    public int VocabularySize => _vocabulary.Size;

    /// <summary>The beginning-of-sequence (BOS) token, or null.</summary>
    public int? BosToken => _vocabulary.Bos;

    /// <summary>The end-of-sequence (EOS) token, or null.</summary>
    public int? EosToken => _vocabulary.Eos;

    /// <summary>The text of the BOS token, as templates write it; empty if there is none.</summary>
    public string BosText => _vocabulary.BosText;

    /// <summary>The text of the EOS token, as templates write it; empty if there is none.</summary>
    public string EosText => _vocabulary.EosText;

    /// <summary>The chat template (Jinja): the one of <see cref="LoadingOptions.ChatTemplate"/>, or the model's own; null when its file has none.</summary>
    public string? ChatTemplate { get; }

    /// <summary>
    /// Tokenizes a text.</summary> <param name="text">The text.</param> <param name="addSpecial">Adds the tokens that the model expects at
    /// the start and end.</param>
    /// <param name="parseSpecial">
    /// Parses control tokens that are written out in the text, such as <c>&lt;|im_start|&gt;</c>. Never use it for untrusted text.
    /// </param>
    /// <exception cref="InvalidOperationException">The model has no tokenizer.</exception>
    /// <exception cref="ObjectDisposedException">The model was disposed.</exception>
    public int[] Tokenize(string text, bool addSpecial = true, bool parseSpecial = false)
    {
        ArgumentNullException.ThrowIfNull(text);
        _ = Core;
        return _vocabulary.Tokenize(text, addSpecial, parseSpecial);
    }

    /// <summary>Converts tokens to text.</summary>
    /// <param name="tokens">Token ids.</param>
    /// <param name="removeSpecial">Leaves out the tokens that <see cref="Tokenize"/> adds at the start and end.</param>
    /// <param name="renderSpecial">Writes control tokens out instead of leaving them out.</param>
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
