using LoraBridge.Model;

namespace LoraBridge.TextGeneration;

/// <summary>The tokenizer of a model.</summary>
internal sealed class ModelTokenizer(Vocabulary vocabulary) : ITokenizer
{
    public bool CanTokenize => vocabulary.HasTokenizer;

    public int VocabularySize => vocabulary.Size;

    public int? BeginningToken => vocabulary.AddsBos ? vocabulary.Bos : null;

    public int? EndToken => vocabulary.Eos;

    public int? EndOfTurnToken => vocabulary.Eot;

    public IReadOnlyList<ControlToken> ControlTokens => vocabulary.ControlTokens;

    public bool IsEndOfGeneration(int token) => vocabulary.IsEndOfGeneration(token);

    public int[] Tokenize(string text, bool parseSpecial) => vocabulary.Tokenize(text, addSpecial: false, parseSpecial);
}
