using LoraBridge.Formats;
using LoraBridge.Model;
using LoraBridge.Native;
using LoraBridge.TestKit;

namespace LoraBridge.Benchmarks;

/// <summary>Files that the benchmarks work on, made once per process and deleted when it ends.</summary>
internal static class BenchmarkModels
{
    private static readonly TemporaryFolder Folder = Create();
    private static readonly Lazy<string> LazyModel = new(WriteModel);
    private static readonly Lazy<string> LazyAdapter = new(() => WriteAdapter("adapter.gguf", seed: 1));

    /// <summary>Eight layers of a llama 1024 wide in Q4_0, 76 MB.</summary>
    internal static string Model => LazyModel.Value;

    /// <summary>An adapter of rank 8 for <see cref="Model"/>, all linear layers.</summary>
    internal static string Adapter => LazyAdapter.Value;

    internal static string PathOf(string name) => Folder[name];

    internal static LM Load() => new(Model, new DeviceConfiguration { Backend = ComputeBackend.Cpu });

    private static string WriteModel()
    {
        var exact = Folder["model.F32.gguf"];
        var shape = new TinyShape { Layers = 8, Embedding = 1024, FeedForward = 2816, Heads = 16, KeyHeads = 8 };
        TinyModelWriter.Create(TinyArchitecture.Llama, shape).Save(exact);
        LlamaQuantizer.Quantize(exact, Folder["model.Q4_0.gguf"], LlamaFileType.Q4_0);
        File.Delete(exact);
        return Folder["model.Q4_0.gguf"];
    }

    private static string WriteAdapter(string name, int seed)
    {
        TinyAdapters.Create(Model, rank: 8, scaleOfB: 0.01f, seed: seed).Save(Folder[name]);
        return Folder[name];
    }

    private static TemporaryFolder Create()
    {
        var folder = new TemporaryFolder();
        AppDomain.CurrentDomain.ProcessExit += (_, _) => folder.Dispose();
        return folder;
    }
}
