using System.Diagnostics;
using System.Globalization;
using LoraBridge.Examples.BaseModel;
using LoraBridge.Examples.BaseModel.Tasks;
using LoraBridge.Examples.BaseModel.Tokenizer;
using LoraBridge.Examples.BaseModel.World;
using LoraBridge.Finetuning;
using LoraBridge.Formats;
using LoraBridge.Model;

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

    case ["train", var output, .. var rest]:
        var training = TrainingSet.Prepare(recipe);
        var rows = rest is [var count] ? training.Rows.Take(int.Parse(count)).ToList() : training.Rows;
        var start = Path.ChangeExtension(output, ".start.gguf");
        ModelFile.WriteRandom(start, recipe.Model, training.Tokenizer.Vocabulary, recipe.Training.Context, recipe.Corpus.Seed);
        var clock = Stopwatch.StartNew();
        new ModelPretraining(start, recipe.Training.ToParameters()).Train(
            [.. rows.Select(row => (row.InputIds, row.Labels))], output,
            new ProgressPrinter(p =>
            {
                if (p.Step % 10 == 0 || p.Step == p.Steps)
                    Console.WriteLine(
                        $"step {p.Step}/{p.Steps}  loss {p.Loss:F3}  rate {p.LearningRate:E1}  {p.Tokens / clock.Elapsed.TotalSeconds:F0} tokens/s");
            }));
        File.Delete(start);
        return 0;

    case ["quantize", var exact, var quantized, var type]:
        ModelQuantizer.Quantize(exact, quantized, Enum.Parse<MergeOutputType>(type, ignoreCase: true), overwrite: true);
        return 0;

    default:
        Console.Error.WriteLine("usage: BaseModel tasks FOLDER | corpus FOLDER | train MODEL.gguf [ROWS] | quantize MODEL.gguf OUTPUT.gguf TYPE");
        return 2;
}

/// <summary>Reports on the training's own thread: Progress would queue messages and print them out of order.</summary>
internal sealed class ProgressPrinter(Action<PretrainingProgress> print) : IProgress<PretrainingProgress>
{
    public void Report(PretrainingProgress value) => print(value);
}
