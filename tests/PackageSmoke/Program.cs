// Loads a tiny model through the packages and generates a few tokens.
using LoraBridge.Model;
using LoraBridge.TestKit;
using LoraBridge.TextGeneration;

var path = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.gguf");
try
{
    TinyModelWriter.Create(TinyArchitecture.Llama).Save(path);
    using var model = new LM(path, new DeviceConfiguration { Backend = ComputeBackend.Cpu, Threads = 1 });
    using var conversation = new SingleTurnConversation(model) { UseChatTemplate = false, MaximumCompletionTokens = 4, SamplingMode = SamplingMode.Greedy };
    var result = conversation.Submit("hello");
    Console.WriteLine($"{model.Name} on {model.Backend}: {result.Tokens.Count} tokens");
    return result.Tokens.Count > 0 ? 0 : 1;
}
finally
{
    File.Delete(path);
}
