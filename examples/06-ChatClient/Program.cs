// A model behind IChatClient, with an adapter that each request may choose by its name.
//
//   dotnet run -c Release --project examples/06-ChatClient -- MODEL.gguf ADAPTER.gguf [QUESTION]
using LoraBridge.Extensions.AI;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;

if (args.Length < 2)
{
    Console.Error.WriteLine("usage: ChatClient MODEL.gguf ADAPTER.gguf [QUESTION]");
    return;
}

await using var services = new ServiceCollection()
    .AddLoraBridge(args[0])
    .AddAdapter("special", args[1])
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
