using LoraBridge.Formats;
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
}
