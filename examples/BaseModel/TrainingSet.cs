using LoraBridge.Examples.BaseModel.Corpus;
using LoraBridge.Examples.BaseModel.Tokenizer;
using LoraBridge.Examples.BaseModel.World;

namespace LoraBridge.Examples.BaseModel;

/// <summary>The corpus, the tokenizer learnt from it, and the rows to train on: all that follows from a recipe.</summary>
internal sealed class TrainingSet
{
    /// <summary>The tokenizer learns from the first documents; more change hardly a merge.</summary>
    private const int TokenizerDocuments = 60_000;

    private TrainingSet(WorldModel world, IReadOnlyList<Document> documents, BpeTokenizer tokenizer, IReadOnlyList<IReadOnlyList<Sample>> rows)
    {
        World = world;
        Documents = documents;
        Tokenizer = tokenizer;
        Rows = rows;
    }

    public WorldModel World { get; }

    public IReadOnlyList<Document> Documents { get; }

    public BpeTokenizer Tokenizer { get; }

    public IReadOnlyList<IReadOnlyList<Sample>> Rows { get; }

    /// <summary>All documents' tokens.</summary>
    public long TokenCount => Rows.Sum(row => row.Sum(sample => (long)sample.Length));

    /// <summary>Tokens that bear loss, or start a document.</summary>
    public long LabelCount => Rows.Sum(row => row.Sum(sample => (long)sample.Labels.Count(label => label != Sample.Ignored)));

    public static TrainingSet Prepare(Recipe recipe)
    {
        var world = WorldModel.Create(recipe.Corpus.Seed);
        var documents = CorpusGenerator.Generate(world, recipe.Corpus).ToList();
        var tokenizer = new BpeTokenizer(BpeTrainer.Train(documents.Take(TokenizerDocuments).SelectMany(d => d.Texts), recipe.Tokenizer));
        var encoded = documents.Select(d => ChatMl.Encode(d, tokenizer, recipe.Training.PromptsBearLoss));
        return new TrainingSet(world, documents, tokenizer, [.. RowPacker.Pack(encoded, recipe.Training.Context)]);
    }
}
