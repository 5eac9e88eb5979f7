// A program with LLamaSharp and LoraBridge, which load llama.cpp in the order that the arguments say: "LLamaSharp" and "LoraBridge", and at
// last a model. Prints what each of them got; an exception of LoraBridge ends it with its message and code 1.
using LLama;
using LLama.Common;
using LoraBridge.Model;

var path = args[^1];
foreach (var library in args[..^1])
{
    try
    {
        Console.WriteLine(library == "LLamaSharp" ? OfLLamaSharp() : OfLoraBridge());
    }
    catch (Exception e) when (library == "LoraBridge")
    {
        Console.WriteLine($"{e.GetType().Name}: {e.Message}");
        return 1;
    }
}
return 0;

string OfLLamaSharp()
{
    // Making parameters loads LLamaSharp's libraries.
    var parameters = new ModelParams(path) { ContextSize = 32, GpuLayerCount = 0, Threads = 1 };
    using var weights = LLamaWeights.LoadFromFile(parameters);
    using var context = weights.CreateContext(parameters);
    return $"LLamaSharp: {weights.ParameterCount} parameters, {context.ContextSize} tokens";
}

string OfLoraBridge()
{
    using var model = new LM(path, new DeviceConfiguration { Backend = ComputeBackend.Cpu, Threads = 1 });
    var report = Backends.List();
    return $"LoraBridge: {model.ParameterCount} parameters, {report.LlamaVersion}, {report.NativeReason}";
}
