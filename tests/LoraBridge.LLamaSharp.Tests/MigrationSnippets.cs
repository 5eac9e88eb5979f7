using LLama;
using LLama.Common;
using LoraBridge.Finetuning;
using LoraBridge.Model;
using LoraBridge.TextGeneration;

namespace LoraBridge.LLamaSharp.Tests;

/// <summary>The examples of src/LoraBridge.LLamaSharp/README.md: each region stands there word for word.</summary>
internal static class MigrationSnippets
{
    internal static void FinetuningAndAdapters()
    {
        #region Finetuning
        var parameters = new ModelParams("model.gguf") { ContextSize = 512, GpuLayerCount = 0 };
        using var weights = LLamaWeights.LoadFromFile(parameters);

        using (var finetuning = weights.OpenForFinetuning(parameters))
        {
            finetuning.Parameters = new LoraTrainingParameters { Rank = 8, Alpha = 16, MaxSteps = 4 };
            finetuning.AddDatasetFile("chats.jsonl");
            finetuning.TrainToAdapter("adapter.gguf");
        }
        #endregion

        #region Adapters
        using var context = weights.CreateContext(parameters);
        var adapter = context.ApplyLoraAdapter("adapter.gguf", scale: 0.75f);
        context.SetLoraAdapterScale(adapter, 0.5f);                          // several adapters add up
        foreach (var (applied, scale) in context.LoraAdapters())
            Console.WriteLine($"{applied.Identifier} at {scale}");
        context.RemoveLoraAdapter(adapter);                                  // bit for bit the base model
        #endregion
    }

    internal static async Task ConversationAsync()
    {
        #region Conversation
        using var model = new LM("model.gguf");
        using var chat = new MultiTurnConversation(model, contextLength: 512)
        {
            SystemPrompt = "Answer in one sentence.",
            SamplingMode = SamplingMode.Default with { Temperature = 0.6f, TopK = 40, TopP = 0.9f, Seed = 1 },
            MaximumCompletionTokens = 48,
        };
        model.ApplyLoraAdapter("adapter.gguf");
        await foreach (var update in chat.SubmitStreamingAsync("Where does Dora live?"))
            Console.Write(update is TextUpdate { Text: var text } ? text : "");
        #endregion
    }
}
