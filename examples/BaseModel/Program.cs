using System.Diagnostics;
using System.Globalization;
using LoraBridge.Examples;
using LoraBridge.Examples.BaseModel;
using LoraBridge.Examples.BaseModel.Measuring;
using LoraBridge.Examples.BaseModel.Tasks;
using LoraBridge.Examples.BaseModel.Tokenizer;
using LoraBridge.Examples.BaseModel.World;
using LoraBridge.Examples.Scoring;
using LoraBridge.Finetuning;
using LoraBridge.Formats;
using LoraBridge.Model;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
var recipe = new Recipe();

if (args is [])
    args = ["score", "examples/models/small-world.Q4_K_M.gguf"];
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
        File.WriteAllLines(Path.Combine(folder, "samples.jsonl"), set.Rows.SelectMany(row => row).Select(sample => sample.ToJsonLine()));
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
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(output))!);
        var training = TrainingSet.Prepare(recipe);
        var rows = rest is [var count] ? training.Rows.Take(int.Parse(count)).ToList() : training.Rows;
        var (start, checkpoints) = (Path.ChangeExtension(output, ".start.gguf"), Path.ChangeExtension(output, ".checkpoints"));
        ModelFile.WriteRandom(start, recipe.Model, training.Tokenizer.Vocabulary, recipe.Training.Context, recipe.Corpus.Seed);
        var pretraining = new ModelPretraining(start, recipe.Training.ToParameters() with { CheckpointDirectory = checkpoints });
        if (Directory.Exists(checkpoints)) pretraining.ResumeFrom(checkpoints);
        var clock = Stopwatch.StartNew();
        pretraining.Train(
            [.. rows.Select(row => row.Select(sample => (sample.InputIds, sample.Labels)).ToList())], output,
            new DirectProgress<PretrainingProgress>(p =>
            {
                if (p.Step % 10 == 0 || p.Step == p.Steps)
                    Console.WriteLine($"step {p.Step}/{p.Steps}  loss {p.Loss:F3}  rate {p.LearningRate:E1}  {p.Tokens} tokens in {clock.Elapsed.TotalSeconds:F0} s");
            }));
        Directory.Delete(checkpoints, recursive: true);
        File.Delete(start);
        foreach (var type in new[] { MergeOutputType.Q4_K_M, MergeOutputType.Q8_0 })
            ModelQuantizer.Quantize(output, Path.ChangeExtension(output, $".{type}.gguf"), type, overwrite: true);
        return 0;

    case ["score", var path, .. var options]:
        using (var scored = new LM(path))
        {
            foreach (var option in options.Where(o => o.EndsWith(".gguf", StringComparison.Ordinal))) scored.ApplyLoraAdapter(option);
            var prefix = options.FirstOrDefault(o => !o.StartsWith("--", StringComparison.Ordinal) && !o.EndsWith(".gguf", StringComparison.Ordinal)) ?? "";
            Action<TaskExample, string>? wrong = options.Contains("--wrong")
                ? (example, answer) => Console.WriteLine($"  {example.Question} | {example.Reference} | {answer}")
                : null;
            foreach (var (name, score) in ScoreBoard.Measure(scored, "examples/data", prefix, wrong)) Console.WriteLine($"{name,-20} {score}");
        }
        return 0;

    case ["prove", var path, var folder, .. var options]:
        Directory.CreateDirectory(folder);
        var (names, precision) = options is [.. var others, "--precision", var level]
            ? (others, Enum.Parse<TrainingPrecision>(level, ignoreCase: true)) : (options, new LoraTrainingParameters().Precision);
        (names, var seed) = names is [.. var before, "--seed", var number] ? (before, ulong.Parse(number)) : (names, new LoraTrainingParameters().Seed);
        using (var proven = new LM(path))
        {
            Console.WriteLine($"{proven.Name}, {proven.QuantizationType}: world questions without an adapter {AdapterTrial.AskWorld(proven, "examples/data")}");
            Console.WriteLine("| task | base | adapter | merged | world questions | trained in | training loss | answer tokens | held-out loss |\n|---|---|---|---|---|---|---|---|---|");
            foreach (var task in FineTuningTask.All.Where(t => names.Length == 0 || names.Contains(t.Name)))
            {
                var trial = AdapterTrial.Run(proven, task, seed, precision, "examples/data", folder);
                Console.WriteLine(
                    $"| {task.Name} | {trial.Before} | {trial.After} | {trial.Merged} | {trial.World} | {trial.Training.Duration.TotalSeconds:F0} s "
                    + $"| {Significant(trial.Training.FinalLoss)} | {trial.AnswerTokens} | {Significant(trial.HeldOutLoss)} |");
            }
        }
        return 0;

    default:
        Console.Error.WriteLine("usage: BaseModel tasks FOLDER | corpus FOLDER | train MODEL.gguf [ROWS] | score MODEL.gguf [ADAPTER.gguf] [SET] [--wrong] | prove MODEL.gguf FOLDER [TASK...] [--seed SEED] [--precision exact|balanced|fast]");
        return 2;
}

// Four significant digits, so that losses of any size can be compared.
static string Significant(double loss) => loss.ToString($"F{Math.Clamp(3 - (int)Math.Floor(Math.Log10(loss)), 0, 9)}");
