// Looks at a data set of conversations, trains an adapter on it and measures what was not trained on.
//
//   dotnet run -c Release --project examples/03-ChatDataset -- [MODEL.gguf] [TRAIN.jsonl] [VALIDATION.jsonl] [ADAPTER.gguf]
//
// Rows are {"messages":[{"role":"user","content":"..."},{"role":"assistant","content":"..."}]}; ShareGPT, Alpaca, prompts with
// completions and plain text are recognised, too.
using LoraBridge.Finetuning;
using LoraBridge.Model;
using LoraBridge.TextGeneration;

string Beside(string name) => Path.Combine(AppContext.BaseDirectory, name);
string Argument(int index, string fallback) => index < args.Length ? args[index] : fallback;

using var model = new LM(Argument(0, Beside("small-world.Q4_K_M.gguf")));
using var finetuning = new LoraFinetuning(model)
{
    Parameters = new LoraTrainingParameters { Rank = 8, LearningRate = 5e-3f, ContextLength = 256, Epochs = 3 },
};
finetuning.AddDatasetFile(Argument(1, Beside("persona.train.jsonl")));
finetuning.AddValidationFile(Argument(2, Beside("persona.heldout.jsonl")));

var data = finetuning.PrepareData();
Console.WriteLine(
    $"{data.SampleCount} samples of {data.SampleMinLength} to {data.SampleMaxLength} tokens; {data.TargetCount} of {data.TokenCount} tokens are answers to learn");
Console.WriteLine(
    $"{data.SkippedSamples} skipped, {data.TruncatedSamples} cut short, {data.UnmaskedSampleCount} trained on as a whole");
foreach (var problem in finetuning.Problems)
    Console.WriteLine(problem);
Console.WriteLine($"Training needs {finetuning.EstimateMemory().Total / 1e6:f0} MB.");

var progress = new Progress<TrainingProgress>(state =>
{
    if (state is { Stage: TrainingStage.Training, ValidationLoss: { } loss })
        Console.WriteLine($"epoch {state.Epoch}, step {state.Step} of {state.TotalSteps}: loss {state.Loss:f3}, validation {loss:f3}");
});
var result = await finetuning.TrainToAdapterAsync(Argument(3, Beside("adapter.gguf")), progress);
Console.WriteLine($"{result.Status}: loss {result.FirstLoss:f3} -> {result.FinalLoss:f3}, {result.TokensPerSecond:f0} tokens/s");

if (result.AdapterPath is null)
    return;
model.ApplyLoraAdapter(result.AdapterPath);
using var chat = new SingleTurnConversation(model);
Console.WriteLine(chat.Submit("What drink does Carl love?", CancellationToken.None).Text);
