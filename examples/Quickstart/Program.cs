// Apply an adapter, ask, take it off, merge it: the library in a dozen lines.
// dotnet run --project examples/Quickstart -- model.gguf adapter.gguf merged.gguf
// The model may also be a name (gemma3:12b), hf:owner/repository[:quantisation] or an address: it is downloaded first.
using LoraBridge.Finetuning;
using LoraBridge.Model;
using LoraBridge.TextGeneration;

if (args is not [var modelPath, var adapterPath, var mergedPath])
{
    Console.Error.WriteLine("Usage: Quickstart MODEL.gguf ADAPTER.gguf MERGED.gguf");
    return 2;
}

using var model = LM.LoadFromModelID(modelPath);
var adapter = new LoraAdapter(adapterPath) { Scale = 0.75f };
model.ApplyLoraAdapter(adapter);
using var chat = new MultiTurnConversation(model);
var response = chat.Submit("Explain the legal implications of this contract.", CancellationToken.None);
Console.WriteLine(response.Text);
model.RemoveLoraAdapter(adapter);

var merger = new LoraMerger(model);
merger.MergeAndExport(adapter, mergedPath);
return 0;
