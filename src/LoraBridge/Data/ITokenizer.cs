namespace LoraBridge.Data;

/// <summary>What the training data needs of a model's tokenizer.</summary>
internal interface ITokenizer
{
    int VocabularySize { get; }

    /// <summary>The token that begins a sequence, or null when the model has none.</summary>
    int? BeginningToken { get; }

    /// <summary>The token that ends a sequence, or null when the model has none.</summary>
    int? EndToken { get; }

    /// <param name="text">The text.</param>
    /// <param name="addSpecial">Whether the model's own beginning (and end) marks are added, if it wants any.</param>
    /// <param name="parseSpecial">Whether the texts of special tokens become those tokens.</param>
    int[] Tokenize(string text, bool addSpecial, bool parseSpecial);
}
