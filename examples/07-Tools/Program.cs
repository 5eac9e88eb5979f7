// A model that must call a function, and answers with what the function says. Also a model that knows nothing of tools can be made to:
// a grammar made of the function's signature leaves it no other choice.
//
//   dotnet run -c Release --project examples/07-Tools -- [MODEL.gguf] [QUESTION]
//
// Without arguments it takes the small model that ships, which has never heard of tools.
using System.ComponentModel;
using LoraBridge.Extensions.AI;
using LoraBridge.Model;
using Microsoft.Extensions.AI;

[Description("Tells the weather of the next days.")]
static string GetWeather([Description("How many days")] int days, Place place) => $"{days} days of rain in {place}";

using var model = new LM(args.Length > 0 ? args[0] : Path.Combine(AppContext.BaseDirectory, "small-world.Q4_K_M.gguf"));
using var client = new ChatClientBuilder(new LoraBridgeChatClient(model)).UseFunctionInvocation().Build();

var response = await client.GetResponseAsync(args.Length > 1 ? args[1] : "How is the weather?", new ChatOptions
{
    Tools = [AIFunctionFactory.Create(GetWeather, nameof(GetWeather))],
    ToolMode = ChatToolMode.RequireAny,
    MaxOutputTokens = 200,
    Seed = 1,
});

foreach (var message in response.Messages)
{
    foreach (var content in message.Contents)
    {
        Console.WriteLine(content switch
        {
            FunctionCallContent call => $"call:   {call.Name}({string.Join(", ", call.Arguments!.Select(pair => $"{pair.Key}: {pair.Value}"))})",
            FunctionResultContent result => $"result: {result.Result}",
            _ => $"answer: {content}",
        });
    }
}

internal enum Place
{
    Larkspur,
    Ferndale,
}
