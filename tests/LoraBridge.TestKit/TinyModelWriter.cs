using LoraBridge.Formats;

namespace LoraBridge.TestKit;

/// <summary>Builds the GGUF file of a tiny model with random weights: the same seed, the same bytes.</summary>
public static class TinyModelWriter
{
    /// <summary>A writer for a model with 32-bit weights.</summary>
    /// <param name="architecture">Architecture.</param>
    /// <param name="shape">Sizes; null takes the defaults.</param>
    /// <param name="seed">Of the weights.</param>
    public static GgufWriter Create(TinyArchitecture architecture, TinyShape? shape = null, int seed = 1)
    {
        shape ??= new TinyShape();
        var writer = new GgufWriter(Metadata(architecture, shape));
        var random = new Random(seed);
        int d = shape.Embedding, f = shape.FeedForward, q = shape.Heads * shape.HeadSize, kv = shape.KeyHeads * shape.HeadSize;
        var gemma = architecture == TinyArchitecture.Gemma3;

        Matrix("token_embd", d, TinyVocabulary.Size, deviation: gemma ? 1 / MathF.Sqrt(d) : 1);
        for (var layer = 0; layer < shape.Layers; layer++)
        {
            var block = $"blk.{layer}";
            Norm($"{block}.attn_norm", d);
            Matrix($"{block}.attn_q", d, q);
            Matrix($"{block}.attn_k", d, kv);
            Matrix($"{block}.attn_v", d, kv);
            Matrix($"{block}.attn_output", q, d);
            if (architecture != TinyArchitecture.Llama)
            {
                Norm($"{block}.attn_q_norm", shape.HeadSize);
                Norm($"{block}.attn_k_norm", shape.HeadSize);
            }
            if (gemma)
                Norm($"{block}.post_attention_norm", d);
            Norm($"{block}.ffn_norm", d);
            Matrix($"{block}.ffn_gate", d, f);
            Matrix($"{block}.ffn_up", d, f);
            Matrix($"{block}.ffn_down", f, d);
            if (gemma)
                Norm($"{block}.post_ffw_norm", d);
        }
        Norm("output_norm", d);
        if (!gemma)
            Matrix("output", d, TinyVocabulary.Size);
        return writer;

        void Matrix(string name, int inputs, int outputs, float? deviation = null) => writer.AddTensor(
            $"{name}.weight", GgmlType.F32, [inputs, outputs], RandomTensors.Normal(random, inputs * outputs, 0, deviation ?? 1 / MathF.Sqrt(inputs)));

        void Norm(string name, int size) => writer.AddTensor($"{name}.weight", GgmlType.F32, [size], RandomTensors.Normal(random, size, 1, 0.1f));
    }

    private static GgufMetadata Metadata(TinyArchitecture architecture, TinyShape shape)
    {
        var name = architecture.ToString().ToLowerInvariant();
        var metadata = new GgufMetadata()
            .Set("general.architecture", name)
            .Set("general.type", "model")
            .Set("general.name", $"Tiny {architecture}")
            .Set("general.file_type", 0u)
            .Set($"{name}.context_length", (uint)shape.ContextLength)
            .Set($"{name}.embedding_length", (uint)shape.Embedding)
            .Set($"{name}.block_count", (uint)shape.Layers)
            .Set($"{name}.feed_forward_length", (uint)shape.FeedForward)
            .Set($"{name}.attention.head_count", (uint)shape.Heads)
            .Set($"{name}.attention.head_count_kv", (uint)shape.KeyHeads)
            .Set($"{name}.attention.key_length", (uint)shape.HeadSize)
            .Set($"{name}.attention.value_length", (uint)shape.HeadSize)
            .Set($"{name}.attention.layer_norm_rms_epsilon", 1e-6f)
            .Set($"{name}.rope.dimension_count", (uint)shape.HeadSize)
            .Set($"{name}.rope.freq_base", 10000f);
        if (architecture == TinyArchitecture.Gemma3)
            metadata.Set("gemma3.attention.sliding_window", 32u);
        TinyVocabulary.AddTo(metadata);
        return metadata;
    }
}
