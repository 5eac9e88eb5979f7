using LoraBridge.Formats;
using LoraBridge.Native;
using LoraBridge.Training;

namespace LoraBridge.Cli.Benchmarking;

/// <summary>Writes llama models with random weights, to measure speed and memory where no model is at hand: the same seed, the same bytes.</summary>
public static class RandomModel
{
    /// <summary>Blocks that are made; tensors are pieces of them, in random order.</summary>
    private const int DifferentBlocks = 4096;

    private const int PieceBlocks = 64;

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
        if (!GgmlTypeTraits.IsQuantized(native) && !GgmlQuantizer.CanQuantize(native))
            throw new ArgumentException($"Random weights of type {type} cannot be made.", nameof(type));

        var writer = new GgufWriter(Metadata(shape));
        var random = new SeededRandom(seed);
        var pools = new Dictionary<int, byte[]>();
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
            $"{name}.weight", type, [inputs, outputs], stream => WriteRows(stream, native, inputs, outputs));

        void WriteRows(Stream stream, GgmlType blockType, int inputs, int outputs)
        {
            if (!pools.TryGetValue(inputs, out var blocks))
                pools[inputs] = blocks = MakeBlocks(blockType, inputs, random);
            var size = (int)GgmlTypeTraits.TypeSize(blockType);
            for (var rest = (long)GgmlTypeTraits.RowSize(blockType, inputs) / size * outputs; rest > 0; rest -= PieceBlocks)
                stream.Write(blocks, random.Next(DifferentBlocks - PieceBlocks + 1) * size, (int)Math.Min(PieceBlocks, rest) * size);
        }

        void Norm(string name) => writer.AddTensor(
            $"{name}.weight", GgmlType.F32, [d], stream => stream.Write(System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(Enumerable.Repeat(1f, d).ToArray())));
    }

    /// <summary>Blocks with weights of variance about 1/n for n inputs: uniform ones, or, where types have scales, random codes.</summary>
    private static byte[] MakeBlocks(GgmlType type, int inputs, SeededRandom random)
    {
        var limit = MathF.Sqrt(3f / inputs);
        if (GgmlTypeTraits.IsQuantized(type))
            return RandomBlocks.Make(type, DifferentBlocks, limit, random);
        var values = new float[DifferentBlocks];
        foreach (ref var value in values.AsSpan())
            value = (2 * random.NextSingle() - 1) * limit;
        var bytes = new byte[GgmlTypeTraits.RowSize(type, values.Length)];
        GgmlQuantizer.Quantize(type, values, bytes, values.Length);
        return bytes;
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
