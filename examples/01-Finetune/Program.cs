// Three acts: a 4-bit model as it is; an adapter trained in front of you; the adapter live, turned down, turned off, and merged.
//
//   dotnet run -c Release --project examples/01-Finetune -- [FOLDER]
using LoraBridge.Examples;
using LoraBridge.Examples.Scoring;
using LoraBridge.Finetuning;
using LoraBridge.Model;
using LoraBridge.TextGeneration;

string File(string name) => Path.Combine(AppContext.BaseDirectory, name);
var output = Directory.CreateDirectory(args is [var folder] ? folder : File("output")).FullName;
var adapterPath = Path.Combine(output, "captain.gguf");
var mergedPath = Path.Combine(output, "small-world-captain.Q4_K_M.gguf");
var questions = TaskSet.Load(File("persona.heldout.jsonl"));
var heldOut = TrainingDataset.FromFile(File("persona.heldout.jsonl"));

using var model = new LM(File("small-world.Q4_K_M.gguf"));
Console.WriteLine($"{model.Name}: {model.Architecture}, {model.ParameterCount / 1e6:F1} M parameters, {model.QuantizationType}");
Report(model, "before");

using (var finetuning = new LoraFinetuning(model))
{
    finetuning.Parameters = new LoraTrainingParameters
    {
        Rank = 8,
        Alpha = 16,
        TargetModules = LoraTargetModules.AllLinear,
        Epochs = 2,
        LearningRate = 2e-3f,
        ContextLength = 256,
    };
    finetuning.AddDatasetFile(File("persona.train.jsonl"));
    var bar = new DirectProgress<TrainingProgress>(p => Console.Error.Write(p.Stage != TrainingStage.Training ? "" :
        $"\r[{new string('#', 30 * p.Step / p.TotalSteps),-30}] {p.Step}/{p.TotalSteps}  loss {p.Loss:F3}  {p.TokensPerSecond:F0} tokens/s "));
    var result = finetuning.TrainToAdapter(adapterPath, bar);
    Console.Error.WriteLine();
    Console.WriteLine($"trained {result.TrainableParameters} parameters in {result.Duration.TotalSeconds:F0} s: loss {result.FirstLoss:F3} -> {result.FinalLoss:F3}");
}

var adapter = model.ApplyLoraAdapter(adapterPath);
foreach (var scale in new[] { 1, 0.5f, 0 })
{
    adapter.Scale = scale;
    Report(model, $"scale {scale}");
}

var merger = new LoraMerger(model) { Options = new MergeOptions { OutputType = MergeOutputType.Keep, Overwrite = true } };
adapter.Scale = 1;
merger.MergeAndExport(adapter, mergedPath);
using var merged = new LM(mergedPath);
Report(merged, "merged");

// Right answers to questions that were not trained, their loss through llama.cpp's inference, and one of the answers.
void Report(LM speaker, string title)
{
    using var chat = new SingleTurnConversation(speaker) { SamplingMode = SamplingMode.Greedy, MaximumCompletionTokens = 32 };
    string Answer(TaskExample asked) => chat.Submit(asked.Question).Text;
    var (score, loss) = (questions.Evaluate(StyleMarkerScorer.Persona, Answer), LossEvaluation.Evaluate(speaker, heldOut).Loss);
    Console.WriteLine($"  {title,-9} | {score,-16} | loss {loss:F3} | {questions.Examples[0].Question} {Answer(questions.Examples[0])}");
}
