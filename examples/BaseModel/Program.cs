using System.Globalization;
using LoraBridge.Examples.BaseModel;
using LoraBridge.Examples.BaseModel.Tasks;
using LoraBridge.Examples.BaseModel.Tokenizer;
using LoraBridge.Examples.BaseModel.World;
using LoraBridge.Formats;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
var recipe = new Recipe();

switch (args)
{
    case ["tasks", var folder]:
        Directory.CreateDirectory(folder);
        foreach (var (name, documents) in TaskFiles.Create(WorldModel.Create(recipe.Corpus.Seed), recipe.Corpus.Seed))
        {
            TaskFiles.Write(Path.Combine(folder, name), documents);
            Console.WriteLine($"{name}: {documents.Count} samples");
        }
        return 0;

    case ["corpus", var folder]:
        Directory.CreateDirectory(folder);
        var set = TrainingSet.Prepare(recipe);
        TaskFiles.Write(Path.Combine(folder, "corpus.jsonl"), set.Documents);
        RowPacker.Write(Path.Combine(folder, "rows.jsonl"), set.Rows);
        var vocabularyOnly = new GgufWriter();
        vocabularyOnly.Metadata["general.architecture"] = "llama";
        TokenizerMetadata.Write(set.Tokenizer.Vocabulary, vocabularyOnly.Metadata);
        vocabularyOnly.Save(Path.Combine(folder, "tokenizer.gguf"), overwrite: true);
        Console.WriteLine(
            $"{set.Documents.Count} documents, {set.TokenCount} tokens in {set.Rows.Count} rows of {recipe.Training.Context}, "
            + $"{set.LabelCount} of them with loss; vocabulary {set.Tokenizer.Vocabulary.Count}; "
            + $"{recipe.Model.ParameterCount(set.Tokenizer.Vocabulary.Count) / 1e6:F2} M parameters");
        return 0;

    default:
        Console.Error.WriteLine("usage: BaseModel tasks FOLDER | corpus FOLDER");
        return 2;
}
