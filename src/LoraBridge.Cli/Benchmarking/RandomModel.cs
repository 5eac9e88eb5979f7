using LoraBridge.Formats;
using LoraBridge.Native;
using LoraBridge.Training;

namespace LoraBridge.Cli.Benchmarking;

/// <summary>Writes llama models with random weights, to measure speed and memory where no model is at hand: the same seed, the same bytes.</summary>
public static class RandomModel
{
    private const int DifferentBlocks = 1024;

    /// <summary>Writes a model; its output matrix is the embedding of its tokens.</summary>
    /// <param name="path">Where to write; replaced if it exists.</param>
    /// <param name="shape">Its sizes.</param>
    /// <param name="type">Type of all matrices; norms are F32.</param>
    /// <param name="seed">Of the weights.</param>
    /// <param name="cancellationToken">Stops between two tensors.</param>
    /// <exception cref="ArgumentException">The shape cannot be, or there are no matrices of the type.</exception>
    public static void Write(string path, RandomModelShape shape, GgmlType type, ulong seed = 0, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        ArgumentNullException.ThrowIfNull(shape);
        shape.Validate();
        NativeRuntime.Initialize();
        var native = type;
        if (!RandomBlocks.IsFor(native) && !GgmlQuantizer.CanQuantize(native))
            throw new ArgumentException($"Random weights of type {type} cannot be made.", nameof(type));

        var writer = new GgufWriter(Metadata(shape));
        var random = new SeededRandom(seed);
        int d = shape.Embedding, f = shape.FeedForward, keys = shape.KeyHeads * shape.HeadSize;
        Matrix("token_embd", d, shape.Vocabulary);
        for (var layer = 0; layer < shape.Layers; layer++)
        {
            var block = $"blk.{layer}";
            Norm($"{block}.attn_norm");
            Matrix($"{block}.attn_q", d, d);
            Matrix($"{block}.attn_k", d, keys);
            Matrix($"{block}.attn_v", d, keys);
            Matrix($"{block}.attn_output", d, d);
            Norm($"{block}.ffn_norm");
            Matrix($"{block}.ffn_gate", d, f);
            Matrix($"{block}.ffn_up", d, f);
            Matrix($"{block}.ffn_down", f, d);
        }
        Norm("output_norm");
        writer.Save(path, overwrite: true, progress: null, cancellationToken);

        void Matrix(string name, int inputs, int outputs) => writer.AddTensor(
            $"{name}.weight", type, [inputs, outputs], stream => WriteRows(stream, native, inputs, outputs, random));

        void Norm(string name) => writer.AddTensor(
            $"{name}.weight", GgmlType.F32, [d], stream => stream.Write(System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(Enumerable.Repeat(1f, d).ToArray())));
    }

    /// <summary>Uniform weights of variance 1/n for n inputs.</summary>
    private static void WriteRows(Stream stream, GgmlType type, int inputs, int outputs, SeededRandom random)
    {
        var limit = MathF.Sqrt(3f / inputs);
        if (RandomBlocks.IsFor(type))
        {
            WriteBlocks(stream, RandomBlocks.Make(type, DifferentBlocks, limit, random), type, inputs, outputs, random);
            return;
        }
        var values = new float[inputs];
        var bytes = new byte[GgmlTypeTraits.RowSize(type, inputs)];
        for (var row = 0; row < outputs; row++)
        {
            for (var i = 0; i < values.Length; i++)
                values[i] = (2 * random.NextSingle() - 1) * limit;
            GgmlQuantizer.Quantize(type, values, bytes, inputs);
            stream.Write(bytes);
        }
    }

    /// <summary>Rows of blocks of a few.</summary>
    private static void WriteBlocks(Stream stream, byte[] blocks, GgmlType type, int inputs, int outputs, SeededRandom random)
    {
        var size = (int)GgmlTypeTraits.TypeSize(type);
        for (var rest = (long)GgmlTypeTraits.RowSize(type, inputs) / size * outputs; rest > 0; rest--)
            stream.Write(blocks, (int)(random.NextUInt64() % DifferentBlocks) * size, size);
    }

    private static GgufMetadata Metadata(RandomModelShape shape)
    {
        var metadata = new GgufMetadata()
            .Set("general.architecture", "llama")
            .Set("general.type", "model")
            .Set("general.name", "Random weights")
            .Set("llama.context_length", (uint)shape.ContextLength)
            .Set("llama.embedding_length", (uint)shape.Embedding)
            .Set("llama.block_count", (uint)shape.Layers)
            .Set("llama.feed_forward_length", (uint)shape.FeedForward)
            .Set("llama.attention.head_count", (uint)shape.Heads)
            .Set("llama.attention.head_count_kv", (uint)shape.KeyHeads)
            .Set("llama.attention.layer_norm_rms_epsilon", 1e-5f)
            .Set("llama.rope.dimension_count", (uint)shape.HeadSize)
            .Set("llama.rope.freq_base", 10000f)
            .Set("llama.vocab_size", (uint)shape.Vocabulary);
        RandomVocabulary.AddTo(metadata, shape.Vocabulary);
        return metadata;
    }
}
