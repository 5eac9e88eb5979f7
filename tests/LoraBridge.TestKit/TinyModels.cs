using System.Collections.Concurrent;
using LoraBridge.Formats;
using LoraBridge.Model;
using LoraBridge.Native;

namespace LoraBridge.TestKit;

/// <summary>Files of tiny models, made once per process and deleted when it ends.</summary>
public static class TinyModels
{
    private static readonly ConcurrentDictionary<(TinyArchitecture, TinyType), Lazy<string>> Paths = new();
    private static readonly TemporaryFolder Folder = CreateFolder();

    /// <summary>One thread on the CPU: tests run side by side.</summary>
    public static DeviceConfiguration Device { get; } = new() { Backend = ComputeBackend.Cpu, Threads = 1 };

    /// <summary>The path of a model file; do not change it.</summary>
    public static string PathOf(TinyArchitecture architecture, TinyType type = TinyType.F32) =>
        Paths.GetOrAdd((architecture, type), static key => new Lazy<string>(() => Write(key.Item1, key.Item2))).Value;

    /// <summary>Loads a tiny model.</summary>
    public static LM Load(TinyArchitecture architecture, TinyType type = TinyType.F32) => new(PathOf(architecture, type), Device);

    private static string Write(TinyArchitecture architecture, TinyType type)
    {
        var path = Folder[$"tiny-{architecture}-{type}.gguf"];
        if (type == TinyType.F32)
        {
            TinyModelWriter.Create(architecture).Save(path);
            return path;
        }
        var file = type switch
        {
            TinyType.Q4_0 => LlamaFileType.Q4_0,
            TinyType.Q4_K_M => LlamaFileType.Q4_K_M,
            _ => LlamaFileType.Q8_0,
        };
        LlamaQuantizer.Quantize(PathOf(architecture), path, file, parameters => parameters with { nthread = 1 });
        return path;
    }

    private static TemporaryFolder CreateFolder()
    {
        var folder = new TemporaryFolder();
        AppDomain.CurrentDomain.ProcessExit += (_, _) => folder.Dispose();
        return folder;
    }
}
