using System.Runtime.InteropServices;
using LoraBridge.Examples.BaseModel.Tokenizer;
using LoraBridge.Examples.BaseModel.World;
using LoraBridge.Formats;

namespace LoraBridge.Examples.BaseModel;

/// <summary>Writes the model that training starts from: a llama with random weights and the tokenizer of the corpus.</summary>
internal static class ModelFile
{
    public static void WriteRandom(string path, Architecture model, BpeVocabulary vocabulary, int context, ulong seed)
    {
        var writer = new GgufWriter();
        var header = writer.Metadata;
        header["general.architecture"] = "llama";
        header["general.name"] = "LoraBridge small world";
        header["general.license"] = "mit";
        header["llama.block_count"] = (uint)model.Layers;
        header["llama.context_length"] = (uint)context;
        header["llama.embedding_length"] = (uint)model.Embedding;
        header["llama.feed_forward_length"] = (uint)model.FeedForward;
        header["llama.attention.head_count"] = (uint)model.Heads;
        header["llama.attention.head_count_kv"] = (uint)model.KeyValueHeads;
        header["llama.attention.layer_norm_rms_epsilon"] = model.NormEpsilon;
        header["llama.rope.dimension_count"] = (uint)(model.Embedding / model.Heads);
        header["llama.rope.freq_base"] = model.RopeBase;
        header["llama.vocab_size"] = (uint)vocabulary.Count;
        TokenizerMetadata.Write(vocabulary, header);

        var random = new SeededRandom(seed);
        var residual = model.InitialDeviation / MathF.Sqrt(2 * model.Layers);
        var keys = model.Embedding / model.Heads * model.KeyValueHeads;
        var embedding = Matrix("token_embd.weight", model.Embedding, vocabulary.Count, model.InitialDeviation);
        for (var i = 0; i < model.Layers; i++)
        {
            Ones($"blk.{i}.attn_norm.weight");
            Matrix($"blk.{i}.attn_q.weight", model.Embedding, model.Embedding, model.InitialDeviation);
            Matrix($"blk.{i}.attn_k.weight", model.Embedding, keys, model.InitialDeviation);
            Matrix($"blk.{i}.attn_v.weight", model.Embedding, keys, model.InitialDeviation);
            Matrix($"blk.{i}.attn_output.weight", model.Embedding, model.Embedding, residual);
            Ones($"blk.{i}.ffn_norm.weight");
            Matrix($"blk.{i}.ffn_gate.weight", model.Embedding, model.FeedForward, model.InitialDeviation);
            Matrix($"blk.{i}.ffn_up.weight", model.Embedding, model.FeedForward, model.InitialDeviation);
            Matrix($"blk.{i}.ffn_down.weight", model.FeedForward, model.Embedding, residual);
        }
        Ones("output_norm.weight");
        // The output starts as the embedding, as if they were one, so that a token that attention fetches is a token said.
        Add("output.weight", [model.Embedding, vocabulary.Count], embedding);
        writer.Save(path, overwrite: true);

        float[] Matrix(string name, int columns, int rows, float deviation)
        {
            var values = new float[columns * rows];
            for (var i = 0; i < values.Length; i++)
                values[i] = deviation * Gaussian();
            Add(name, [columns, rows], values);
            return values;
        }

        void Ones(string name) => Add(name, [model.Embedding], [.. Enumerable.Repeat(1f, model.Embedding)]);

        void Add(string name, long[] shape, float[] values) =>
            writer.AddTensor(name, GgmlType.F32, shape, MemoryMarshal.AsBytes<float>(values).ToArray());

        // Box and Muller.
        float Gaussian() => (float)(Math.Sqrt(-2 * Math.Log(1 - Uniform())) * Math.Cos(2 * Math.PI * Uniform()));

        double Uniform() => (random.NextBits() >> 11) * (1.0 / (1L << 53));
    }
}
