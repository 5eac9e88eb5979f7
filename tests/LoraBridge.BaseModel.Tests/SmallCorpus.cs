using LoraBridge.Examples.BaseModel;
using LoraBridge.Examples.BaseModel.Corpus;
using LoraBridge.Examples.BaseModel.Tokenizer;

namespace LoraBridge.BaseModel.Tests;

/// <summary>A corpus of a few thousand documents, made once.</summary>
public sealed class SmallCorpus
{
    internal Recipe Recipe { get; } = new()
    {
        Corpus = new CorpusOptions { Documents = 6000, CopyingDocuments = 1000, NewcomerInterval = 20 },
        Tokenizer = new BpeOptions { VocabularySize = 800, MinimumFrequency = 10 },
    };

    internal TrainingSet Set => _set.Value;

    private readonly Lazy<TrainingSet> _set;

    public SmallCorpus() => _set = new Lazy<TrainingSet>(() => TrainingSet.Prepare(Recipe));
}
