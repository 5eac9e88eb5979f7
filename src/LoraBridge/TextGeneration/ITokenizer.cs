using LoraBridge.Model;

namespace LoraBridge.TextGeneration;

/// <summary>What conversations and training data need of a model's tokenizer.</summary>
internal interface ITokenizer
{
    /// <summary>Whether texts can be tokenized: models for tests have no tokenizer.</summary>
    bool CanTokenize { get; }

    int VocabularySize { get; }

    /// <summary>The token that a sequence begins with, or null when the model wants none.</summary>
    int? BeginningToken { get; }

    /// <summary>The token that ends a text, or null when the model has none.</summary>
    int? EndToken { get; }

    /// <summary>The token that ends a turn, or null when the model knows none.</summary>
    int? EndOfTurnToken { get; }

    /// <summary>Tokens that stand for no text of their own, such as the marks between turns; longest texts first.</summary>
    IReadOnlyList<ControlToken> ControlTokens { get; }

    /// <summary>Whether a model that generates this token has finished.</summary>
    bool IsEndOfGeneration(int token);

    /// <summary>The tokens of a text, without what the model wants around it.</summary>
    /// <param name="text">The text.</param>
    /// <param name="parseSpecial">Whether the texts of control tokens become those tokens.</param>
    int[] Tokenize(string text, bool parseSpecial);
}
