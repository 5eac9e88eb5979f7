using LoraBridge.Finetuning;
using LoraBridge.Finetuning.Runs;
using LoraBridge.Formats;
using LoraBridge.Model;
using LoraBridge.TestKit;
using static LoraBridge.Native.Ggml;

namespace LoraBridge.Device.Tests;

/// <summary>A model that is trained on a device is there once: training takes no copy of it in host memory.</summary>
public sealed class MemoryTests
{
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

    /// <summary>The CPU that takes the place of a device keeps for speed what it would have kept from the start.</summary>
    [Fact]
    public void Copies_in_8_bits_are_kept_where_the_CPU_trains()
    {
        using var model = new LM(TinyModels.PathOf(TinyArchitecture.Llama), DeviceUnderTest.Configuration);
        var fast = new LoraTrainingParameters { Precision = TrainingPrecision.Fast };
        Assert.False(MemoryPlan.CachesTransposed(model, TrainingPlace.Of(model), fast));
        Assert.True(MemoryPlan.CachesTransposed(model, TrainingPlace.CpuBecause("no room there"), fast));
    }
}
