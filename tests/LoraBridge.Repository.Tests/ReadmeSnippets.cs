using LoraBridge.Finetuning;
using LoraBridge.Model;
using LoraBridge.TextGeneration;

namespace LoraBridge.Repository.Tests;

/// <summary>The README's examples: each region stands there word for word.</summary>
internal static class ReadmeSnippets
{
    internal static async Task FirstTokenAsync()
    {
        #region FirstToken
        using var model = LM.LoadFromModelID("gemma3:270m");                // downloaded once, verified, shared with other tools
        using var chat = new MultiTurnConversation(model);
        await foreach (var piece in chat.SubmitStreamingAsync("Why is the sky blue?"))
            Console.Write(piece);
        #endregion
    }

    internal static async Task StoreAsync()
    {
        #region Store
        var store = new ModelStore();
        var progress = new Progress<ModelDownloadProgress>(state => Console.Write($"\r{state.Fraction:p0}, {state.Remaining:m\\:ss} left"));
        var stored = await store.PullAsync("gemma3:270m", progress);        // or hf:owner/repository:Q4_K_M, https://..., ollama:name
        Console.WriteLine($"{stored.Path}, {stored.Bytes} bytes, SHA-256 {stored.Sha256}");
        #endregion
    }

    internal static void Model()
    {
        #region Model
        using var model = new LM("model.gguf", new DeviceConfiguration { Backend = ComputeBackend.Cpu });
        Console.WriteLine($"{model.Name}: {model.Architecture}, {model.ParameterCount} parameters, {model.QuantizationType}, on {model.Backend}");

        using var question = new SingleTurnConversation(model) { MaximumCompletionTokens = 32 };
        var result = question.Submit("What is a llama?");
        Console.WriteLine($"{result.Text} ({result.TokensPerSecond:0.0} tokens/s, {result.StopReason})");
        #endregion
    }

    internal static void Adapter()
    {
        #region Adapter
        using var model = new LM("model.gguf");
        var adapter = new LoraAdapter("adapter.gguf") { Scale = 0.75f };    // refused if it is damaged ...
        model.ApplyLoraAdapter(adapter);                                    // ... or was made for another model
        Console.WriteLine($"rank {adapter.Rank}, alpha {adapter.Alpha}, {string.Join(' ', adapter.TargetModules)}");

        adapter.Scale = 0;                                                  // bit for bit the base model
        using (model.UseLoraAdapter("second.gguf", scale: 0.5f))            // several add up
            Console.WriteLine(string.Join(", ", model.Adapters));
        model.RemoveLoraAdapter(adapter);
        #endregion
    }

    internal static async Task ConversationAsync()
    {
        #region Conversation
        using var model = new LM("model.gguf");
        using var chat = new MultiTurnConversation(model)
        {
            SystemPrompt = "Answer in one sentence.",
            SamplingMode = SamplingMode.Default with { Seed = 1 },
            MaximumCompletionTokens = 32,
        };
        await foreach (var update in chat.SubmitStreamingAsync("Why is the sky blue?"))
            Console.Write(update is TextUpdate { Text: var text } ? text : "");  // also reasoning, tool calls, the result

        chat.SetAdapters([new LoraAdapter("adapter.gguf")]);                // for this conversation only
        ChatMessage[] turns = [new("user", "And at night?"), new("assistant", "At night")];  // any list of turns; this one is continued
        var response = chat.Generate(turns, new GenerationOptions { ContextPolicy = ContextPolicy.Shift });
        Console.WriteLine($"{response.Text} ({response.StopReason}, {response.TokensPerSecond:0} tokens/s)");
        #endregion
    }

    internal static async Task FinetuningAsync()
    {
        #region Finetuning
        using var model = new LM("model.gguf");
        using var finetuning = new LoraFinetuning(model)
        {
            Parameters = new LoraTrainingParameters { Rank = 8, Alpha = 16, MaxSteps = 4, TargetModules = LoraTargetModules.AllLinear },
        };
        finetuning.AddDatasetFile("chats.jsonl");                           // {"messages": [...]} and six other formats
        var progress = new Progress<TrainingProgress>(state => Console.WriteLine($"{state.Step}/{state.TotalSteps} {state.Loss:0.000}"));
        var result = await finetuning.TrainToAdapterAsync("trained.gguf", progress);
        Console.WriteLine($"{result.Status}: {result.FirstLoss:0.000} -> {result.FinalLoss:0.000}");
        #endregion
    }

    internal static void Merger()
    {
        #region Merger
        var merger = new LoraMerger("model.gguf")
        {
            Options = new MergeOptions { OutputType = MergeOutputType.Keep, Verify = true },
        };
        merger.AddLoraAdapter("adapter.gguf");
        merger.AddLoraAdapter("second.gguf", scale: 0.5f);
        var result = merger.Merge("merged.gguf");
        Console.WriteLine($"{result.MergedTensors} tensors merged, {result.CopiedTensors} copied. {result.Verification}");
        #endregion
    }
}
