// A model behind IChatClient, with an adapter that each request may choose by its name.
//
//   dotnet run -c Release --project examples/06-ChatClient -- [MODEL.gguf] [ADAPTER.gguf] [QUESTION]
//
// It can be compiled ahead of time: dotnet publish examples/06-ChatClient -r linux-x64 -p:PublishAot=true
//
// Without arguments it takes the small model that ships, and trains the adapter for some seconds if there is none yet.
using LoraBridge.Extensions.AI;
using LoraBridge.Finetuning;
using LoraBridge.Model;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;

string Beside(string name) => Path.Combine(AppContext.BaseDirectory, name);
var (modelPath, adapterPath) = args.Length > 1 ? (args[0], args[1]) : (Beside("small-world.Q4_K_M.gguf"), Beside("captain.gguf"));
if (!File.Exists(adapterPath))
{
    using var model = new LM(modelPath);
    using var finetuning = new LoraFinetuning(model) { Parameters = new LoraTrainingParameters { ContextLength = 256, MaxSteps = 20, LearningRate = 5e-3f } };
    finetuning.AddDatasetFile(Beside("persona.train.jsonl"));
    finetuning.TrainToAdapter(adapterPath);
}

await using var services = new ServiceCollection()
    .AddLoraBridge(modelPath)
    .AddAdapter("special", adapterPath)
    .AddChatClient()
    .Services.BuildServiceProvider();

var client = services.GetRequiredService<IChatClient>();
var question = args.Length > 2 ? args[2] : "Where is the market?";

var plain = await client.GetResponseAsync(question, new ChatOptions { Temperature = 0, MaxOutputTokens = 40 });
Console.WriteLine($"{plain.ModelId}: {plain.Text}");

Console.Write("special: ");
await foreach (var update in client.GetStreamingResponseAsync(question, new ChatOptions { ModelId = "special", Temperature = 0, MaxOutputTokens = 40 }))
    Console.Write(update.Text);
Console.WriteLine();
