// Uses the packages as a program elsewhere would: load, answer, train, merge, answer again.
using LoraBridge.Finetuning;
using LoraBridge.Model;
using LoraBridge.TextGeneration;

var folder = Directory.CreateTempSubdirectory("lorabridge-smoke-").FullName;
try
{
    var adapter = Path.Combine(folder, "adapter.gguf");
    var merged = Path.Combine(folder, "merged.gguf");
    using var model = new LM(Path.Combine(AppContext.BaseDirectory, "small-world.gguf"), new DeviceConfiguration { Backend = ComputeBackend.Cpu });
    Console.WriteLine($"{model.Name} on {model.Backend}: {Answer(model)}");

    using (var finetuning = new LoraFinetuning(model) { Parameters = new LoraTrainingParameters { Rank = 4, MaxSteps = 4, LearningRate = 1e-2f } })
    {
        finetuning.AddTrainingData(new ChatHistory { new ChatMessage(ChatRole.User, "Who are you?"), new ChatMessage(ChatRole.Assistant, "I am a package.") });
        var training = finetuning.TrainToAdapter(adapter);
        Console.WriteLine($"{training.Status}: {training.FirstLoss:F3} -> {training.FinalLoss:F3}");
        if (training.Status != TrainingStatus.Completed || !(training.FinalLoss < training.FirstLoss))
            return 1;
    }

    new LoraMerger(model).MergeAndExport(new LoraAdapter(adapter), merged);
    using var mergedModel = new LM(merged);
    Console.WriteLine($"merged: {Answer(mergedModel)}");
    return 0;
}
finally
{
    Directory.Delete(folder, recursive: true);
}

static string Answer(LM model)
{
    using var conversation = new SingleTurnConversation(model) { MaximumCompletionTokens = 8, SamplingMode = SamplingMode.Greedy };
    return conversation.Submit("Where does Dora live?").Text;
}
