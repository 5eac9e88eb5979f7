using LoraBridge.Adapters;
using LoraBridge.Formats;

namespace LoraBridge.TestKit;

/// <summary>Writes random adapters for a model.</summary>
public static class TinyAdapters
{
    /// <summary>The linear layers of a transformer block.</summary>
    public static readonly IReadOnlyList<string> LinearLayers =
        ["attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"];

    /// <summary>A writer for an adapter; the same arguments, the same bytes.</summary>
    /// <param name="modelPath">GGUF file of the model.</param>
    /// <param name="targets">Modules such as <c>attn_q</c> or <c>output</c>; null takes the linear layers of the blocks.</param>
    /// <param name="rank">R.</param>
    /// <param name="alpha">Alpha; null leaves it out.</param>
    /// <param name="scaleOfB">Standard deviation of B; 0 makes an adapter without effect.</param>
    /// <param name="seed">Of A and B.</param>
    /// <param name="invocation">Tokens that activate the adapter; null for one that acts on all.</param>
    public static GgufWriter Create(
        string modelPath, IReadOnlyList<string>? targets = null, int rank = 4, float? alpha = 8, float scaleOfB = 0.1f, int seed = 1,
        IReadOnlyList<int>? invocation = null)
    {
        using var model = GgufModelFiles.Open(modelPath);
        var metadata = new GgufMetadata()
            .Set("general.architecture", model.Metadata.GetString("general.architecture"))
            .Set("general.type", "adapter")
            .Set("adapter.type", "lora");
        if (alpha is { } value)
            metadata.Set("adapter.lora.alpha", value);
        if (invocation is not null)
            metadata.Set("adapter.alora.invocation_tokens", GgufValue.FromArray<uint>([.. invocation.Select(token => (uint)token)]));
        var writer = new GgufWriter(metadata);
        var random = new Random(seed);
        foreach (var tensor in model.Tensors)
        {
            if (!(targets ?? LinearLayers).Contains(TensorNames.ModuleOf(tensor.Name)) || !tensor.Name.EndsWith(".weight", StringComparison.Ordinal))
                continue;
            var (a, b) = LoraPair.ShapesFor(tensor.Name, tensor.Info.Shape.AsSpan(), rank);
            Add($"{tensor.Name}{LoraPair.ASuffix}", a, 1 / MathF.Sqrt(a[0]));
            Add($"{tensor.Name}{LoraPair.BSuffix}", b, scaleOfB);
        }
        return writer;

        void Add(string name, long[] shape, float deviation) => writer.AddTensor(
            name, GgmlType.F32, shape, RandomTensors.Normal(random, checked((int)shape.Aggregate(1L, (product, ne) => product * ne)), 0, deviation));
    }
}
