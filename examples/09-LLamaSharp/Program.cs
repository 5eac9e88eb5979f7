// LLamaSharp chats; LoraBridge fine-tunes the model that it has loaded; LLamaSharp answers with the adapter, as LoraBridge does.
//
//   dotnet run -c Release --project examples/09-LLamaSharp -- [FOLDER] [STEPS]
using System.Globalization;
using System.Text;
using LLama;
using LLama.Common;
using LLama.Sampling;
using LoraBridge.Finetuning;
using LoraBridge.LLamaSharp;
using LoraBridge.Model;
using LoraBridge.TextGeneration;

string File(string name) => Path.Combine(AppContext.BaseDirectory, name);
var adapterPath = Path.Combine(Directory.CreateDirectory(args.Length > 0 ? args[0] : File("output")).FullName, "captain.gguf");
var steps = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 60;
const string Question = "Where does Dora live?", EndOfTurn = "<|im_end|>";
const int MaximumTokens = 48;

var parameters = new ModelParams(File("small-world.Q4_K_M.gguf")) { ContextSize = 512, GpuLayerCount = 0 };
using var weights = await LLamaWeights.LoadFromFileAsync(parameters);
using var context = weights.CreateContext(parameters);
Console.WriteLine($"LLamaSharp:                  {await Ask()}");

using (var finetuning = weights.OpenForFinetuning(parameters))
{
    finetuning.Parameters = new LoraTrainingParameters
    {
        Rank = 8, Alpha = 16, TargetModules = LoraTargetModules.AllLinear, MaxSteps = steps, LearningRate = 1e-2f, ContextLength = 256,
    };
    finetuning.AddDatasetFile(File("persona.train.jsonl"));
    var result = finetuning.TrainToAdapter(adapterPath);
    Console.WriteLine($"LoraBridge:                  loss {result.FirstLoss:F3} -> {result.FinalLoss:F3} in {result.Duration.TotalSeconds:F0} s");
}

var adapter = context.ApplyLoraAdapter(adapterPath);
Console.WriteLine($"LLamaSharp with the adapter: {await Ask()}");

using var model = new LM(parameters.ModelPath);
model.ApplyLoraAdapter(adapter);
using var conversation = new SingleTurnConversation(model) { SamplingMode = SamplingMode.Greedy, MaximumCompletionTokens = MaximumTokens };
Console.WriteLine($"LoraBridge with the adapter: {conversation.Submit(Question).Text.Trim()}");

context.RemoveLoraAdapter(adapter);
Console.WriteLine($"LLamaSharp without it:       {await Ask()}");

// An executor counts what its context has read: each answer starts on an empty context, with an executor of its own.
async Task<string> Ask()
{
    context.NativeHandle.MemoryClear();
    var template = new LLamaTemplate(weights) { AddAssistant = true }.Add("user", Question);
    var inference = new InferenceParams
    {
        MaxTokens = MaximumTokens, SamplingPipeline = new GreedySamplingPipeline(), DecodeSpecialTokens = true, AntiPrompts = [EndOfTurn],
    };
    var text = new StringBuilder();
    await foreach (var piece in new InteractiveExecutor(context).InferAsync(Encoding.UTF8.GetString(template.Apply()), inference))
        text.Append(piece);
    return text.Replace(EndOfTurn, "").ToString().Trim();
}
