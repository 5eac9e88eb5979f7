// Train an adapter, apply it, ask, take it off, merge it: the library in a dozen lines.
//
//   dotnet run -c Release --project examples/Quickstart -- [MODEL.gguf] [ADAPTER.gguf] [MERGED.gguf]
//
// Without arguments it takes the small model that ships, and trains the adapter for some seconds if there is none yet.
// The model may also be a name (gemma3:12b), hf:owner/repository[:quantisation] or an address: it is downloaded first.
using LoraBridge.Finetuning;
using LoraBridge.Model;
using LoraBridge.TextGeneration;

string Argument(int index, string name) => index < args.Length ? args[index] : Path.Combine(AppContext.BaseDirectory, name);
var (modelPath, adapterPath, mergedPath) = (Argument(0, "small-world.Q4_K_M.gguf"), Argument(1, "captain.gguf"), Argument(2, "merged.gguf"));

using var model = LM.LoadFromModelID(modelPath);
if (!File.Exists(adapterPath))
{
    using var finetuning = new LoraFinetuning(model) { Parameters = new LoraTrainingParameters { ContextLength = 256, MaxSteps = 20, LearningRate = 5e-3f } };
    finetuning.AddDatasetFile(Path.Combine(AppContext.BaseDirectory, "persona.train.jsonl"));
    finetuning.TrainToAdapter(adapterPath);
}

var adapter = new LoraAdapter(adapterPath) { Scale = 0.75f };
model.ApplyLoraAdapter(adapter);
using var chat = new MultiTurnConversation(model);
var response = chat.Submit("What drink does Carl love?", CancellationToken.None);
Console.WriteLine(response.Text);
model.RemoveLoraAdapter(adapter);

var merger = new LoraMerger(model) { Options = new MergeOptions { Overwrite = true } };
merger.MergeAndExport(adapter, mergedPath);
Console.WriteLine($"The model with the adapter in its weights is {mergedPath}.");
