using System.Globalization;
using LoraBridge.Cli.Benchmarking;
using LoraBridge.Finetuning;
using LoraBridge.Formats;
using LoraBridge.Model;
using LoraBridge.Native;
using LoraBridge.TestKit;
using LoraBridge.Tests.Finetuning;
using static LoraBridge.Native.Ggml;

namespace LoraBridge.Device.Tests;

/// <summary>A model that is trained on a device is there once, and in host memory not at all.</summary>
public sealed class MemoryTests
{
    /// <summary>About 100 MiB of weights in F32, in matrices so small that what is computed with them takes a fraction of that.</summary>
    private static RandomModelShape Deep { get; } = new()
    {
        Layers = 24, Embedding = 256, FeedForward = 1280, Heads = 4, KeyHeads = 2, Vocabulary = 512,
    };

    [Fact]
    public void Training_computes_with_the_weights_where_they_lie()
    {
        _ = DeviceUnderTest.Backend;
        using var model = new TrainedModel(TinyModels.PathOf(TinyArchitecture.Llama), onDevice: true);
        var weights = model.Graph.Parts.Layers.SelectMany(layer => layer).Concat(model.Graph.Parts.Head)
            .SelectMany(node => node.Sources).Where(source => source is { IsWeight: true }).Select(source => source!).Distinct()
            .Where(weight => !weight.Name.Contains(".lora_", StringComparison.Ordinal)).ToList();
        Assert.True(weights.Count > 15, $"Only {weights.Count} weights are used.");
        string[] onHost = [.. weights.Where(weight => ggml_backend_buft_is_host(ggml_backend_buffer_get_type(weight.Weight.Buffer))).Select(weight => weight.Name)];
        Assert.Equal([TensorNames.TokenEmbedding], onHost);
    }

    /// <summary>
    /// The memory of software devices is that of the process: what training adds to it, on the device and beside it, is far less than another copy of the
    /// model would be. Pages of the model's file that are mapped are not counted: they are the system's, which has them once.
    /// </summary>
    [Fact]
    public void Training_takes_no_second_copy_of_the_model()
    {
        _ = DeviceUnderTest.Backend;
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux says how much of a process's memory is no file's.");
        using var folder = new TemporaryFolder();
        var path = folder["deep.gguf"];
        RandomModel.Write(path, Deep, GgmlType.F32, cancellationToken: TestContext.Current.CancellationToken);
        var size = new FileInfo(path).Length;
        Assert.True(size > 90 << 20, $"The model has {size >> 20} MiB.");

        // What the driver compiles stays with the process: that is done on a small model before.
        Train(TinyModels.PathOf(TinyArchitecture.Llama), folder);
        var added = Train(path, folder);
        Assert.True(added < size * 3 / 4, $"Training took {added >> 20} MiB for a model of {size >> 20}.");
    }

    /// <returns>What a training adds to the memory of the process after the model was loaded.</returns>
    private static long Train(string path, TemporaryFolder folder)
    {
        using var model = new LM(path, DeviceUnderTest.Configuration);
        using var training = TrainingRuns.Create(model, folder, TrainingRuns.Quick with
        {
            MaxSteps = 1, ContextLength = 16, Rank = 2, LossSampleTokens = 16, TargetModules = LoraTargetModules.Attention, CacheTransposed = AutoSwitch.Never,
        });
        var before = AnonymousBytes();
        var result = training.TrainToAdapter(folder["adapter.gguf"]);
        Assert.NotEqual("CPU", result.Device);
        return AnonymousBytes() - before;
    }

    private static long AnonymousBytes()
    {
        const string Key = "RssAnon:";
        GC.Collect();
        var line = File.ReadLines("/proc/self/status").First(line => line.StartsWith(Key, StringComparison.Ordinal));
        return long.Parse(line.AsSpan(Key.Length).Trim()[..^3], NumberStyles.None, CultureInfo.InvariantCulture) << 10;
    }
}
