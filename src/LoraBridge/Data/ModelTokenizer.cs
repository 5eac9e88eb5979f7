using LoraBridge.Model;

namespace LoraBridge.Data;

/// <summary>The tokenizer of a model, for training data.</summary>
internal sealed class ModelTokenizer(LM model) : ITokenizer
{
    public int VocabularySize => model.VocabularySize;

    public int? BeginningToken => model.Vocabulary.AddsBos ? model.BosToken : null;

    public int? EndToken => model.EosToken;

    public int[] Tokenize(string text, bool addSpecial, bool parseSpecial) => model.Vocabulary.HasTokenizer
        ? model.Vocabulary.Tokenize(text, addSpecial, parseSpecial)
        : throw new DatasetRowException("the model has no tokenizer, so it can only be given rows of input_ids");
}
