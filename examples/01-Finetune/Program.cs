// Trains a LoRA adapter on a 4-bit model, applies it live, turns its scale, and merges it into a new model file.
using LoraBridge.Finetuning;
using LoraBridge.Model;
using LoraBridge.TextGeneration;

string File(string name) => Path.Combine(AppContext.BaseDirectory, name);
var output = Directory.CreateDirectory(args is [var folder] ? folder : File("output")).FullName;
var adapterPath = Path.Combine(output, "captain.gguf");
var mergedPath = Path.Combine(output, "small-world-captain.Q4_K_M.gguf");
string[] questions = ["Where does Dora live?", "What pet does Peter have?"];

using var model = new LM(File("small-world.Q4_K_M.gguf"));
var heldOut = TrainingDataset.FromFile(File("persona.heldout.jsonl"));
Console.WriteLine($"{model.Name}: {model.Architecture}, {model.ParameterCount / 1e6:F1} M parameters, {model.QuantizationType}");
Console.WriteLine($"loss on held-out answers before: {LossEvaluation.Evaluate(model, heldOut).Loss:F3}");

using (var finetuning = new LoraFinetuning(model))
{
    finetuning.Parameters = new LoraTrainingParameters
    {
        Rank = 8,
        Alpha = 16,
        TargetModules = LoraTargetModules.AllLinear,
        Epochs = 2,
        LearningRate = 5e-3f,
        ContextLength = 256,
    };
    finetuning.AddDatasetFile(File("persona.train.jsonl"));
    finetuning.ProgressChanged += (_, p) => Console.Error.Write(
        $"\r[{new string('#', 30 * p.Step / p.TotalSteps),-30}] {p.Step}/{p.TotalSteps}  loss {p.Loss:F3}  {p.TokensPerSecond:F0} tokens/s ");
    var result = finetuning.TrainToAdapter(adapterPath);
    Console.Error.WriteLine();
    Console.WriteLine($"trained {result.TrainableParameters} parameters in {result.Duration.TotalSeconds:F0} s: loss {result.FirstLoss:F3} -> {result.FinalLoss:F3}");
}

var adapter = model.ApplyLoraAdapter(adapterPath);
Console.WriteLine($"loss on held-out answers after:  {LossEvaluation.Evaluate(model, heldOut).Loss:F3}");
foreach (var scale in new[] { 0, 0.5f, 1 })
{
    adapter.Scale = scale;
    Answer(model, $"scale {scale}");
}

var merger = new LoraMerger(model);
merger.OutputType = MergeOutputType.Keep;
var merge = merger.MergeAndExport(adapter, mergedPath);
Console.WriteLine($"merged {merge.MergedTensors} tensors into {mergedPath}");
using var merged = new LM(mergedPath);
Answer(merged, "merged");

void Answer(LM speaker, string title)
{
    foreach (var question in questions)
    {
        using var chat = new SingleTurnConversation(speaker) { SamplingMode = SamplingMode.Greedy, MaximumCompletionTokens = 32 };
        Console.WriteLine($"  {title,-9} | {question} {chat.Submit(question, CancellationToken.None).Text}");
    }
}
