using LoraBridge.Evaluation;
using LoraBridge.Formats;
using LoraBridge.Model;
using LoraBridge.TestKit;
using LoraBridge.TextGeneration;

namespace LoraBridge.Tests.Model;

/// <summary>Model files that would make llama.cpp assert: an exception each, and the process lives.</summary>
public sealed class HostileModelTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    public static TheoryData<string, GgufValueBox> Metadata => new()
    {
        { "general.architecture", new("") },
        { "general.architecture", new("no-such-architecture") },
        { "general.architecture", new(3) },
        { "general.type", new("adapter") },
        { "llama.block_count", new(0u) },
        { "llama.block_count", new(3u) },
        { "llama.block_count", new(513u) },
        { "llama.context_length", new(0u) },
        { "llama.embedding_length", new(0u) },
        { "llama.embedding_length", new(1u << 31) },
        { "llama.attention.head_count", new(0u) },
        { "llama.attention.head_count", new(3u) },
        { "llama.attention.head_count_kv", new(3u) },
        { "llama.attention.head_count_kv", new(0u) },
        { "llama.attention.key_length", new(63u) },
        { "llama.attention.key_length", new(128u) },
        { "llama.attention.value_length", new(32u) },
        { "llama.attention.key_length_swa", new(32u) },
        { "llama.rope.dimension_count", new(0u) },
        { "llama.rope.dimension_count", new(63u) },
        { "llama.rope.dimension_count", new(32u) },
        { "llama.rope.scaling.type", new("spiral") },
        { "llama.rope.dimension_sections", new(GgufValue.FromArray<int>([32, 32, 1, 0])) },
        { "llama.rope.dimension_sections", new(GgufValue.FromArray<int>([-1, 1, 1, 0])) },
        { "llama.rope.dimension_sections", new(GgufValue.FromArray<int>([0, 0, 0, 8])) },
        { "llama.rope.freq_base", new(float.NaN) },
        { "llama.attention.layer_norm_rms_epsilon", new(-1f) },
        { "llama.attention.layer_norm_rms_epsilon", new(float.NaN) },
        { "llama.expert_count", new(2000u) },
        { "llama.expert_count", new(4u) },
        { "llama.expert_used_count", new(2u) },
        { "llama.expert_group_count", new(2u) },
        { "llama.nextn_predict_layers", new(9u) },
        { "tokenizer.ggml.model", new("no-such-tokenizer") },
        { "tokenizer.ggml.model", new("llama") },
        { "tokenizer.ggml.model", new(1) },
        { "tokenizer.ggml.tokens", new("text") },
        { "tokenizer.ggml.tokens", new(Tokens(0)) },
        { "tokenizer.ggml.tokens", new(Tokens(259)) },
        { "tokenizer.ggml.tokens", new(GgufValue.FromStrings(Enumerable.Repeat("same", TinyVocabulary.Size))) },
        { "tokenizer.ggml.token_type", new(GgufValue.FromArray<int>([1, 2])) },
        { "tokenizer.ggml.merges", new(4) },
        { "tokenizer.ggml.merges", new(GgufValue.FromArray<int>([1, 2])) },
        { "tokenizer.ggml.tokens", new(GgufValue.FromArray<int>([1, 2])) },
        { "tokenizer.ggml.scores", new(1f) },
        { "tokenizer.ggml.scores", new(GgufValue.FromArray<double>(new double[TinyVocabulary.Size])) },
        { "tokenizer.ggml.scores", new(Tokens(TinyVocabulary.Size)) },
        { "tokenizer.ggml.token_type", new(Tokens(TinyVocabulary.Size)) },
        { "tokenizer.ggml.token_type", new(GgufValue.FromArray<byte>(new byte[TinyVocabulary.Size])) },
        { "tokenizer.ggml.precompiled_charsmap", new("text") },
        { "tokenizer.ggml.suppress_tokens", new(GgufValue.FromArray<float>([1f])) },
        { "llama.attention.head_count", new(GgufValue.FromArray<float>([4f, 4f])) },
        { "llama.attention.head_count_kv", new(GgufValue.FromStrings(["2", "2"])) },
        { "llama.feed_forward_length", new(GgufValue.FromArray<float>([128f, 128f])) },
        { "llama.rope.dimension_sections", new(GgufValue.FromArray<float>([1f, 1f, 1f, 1f])) },
        { "llama.classifier.output_labels", new(GgufValue.FromArray<int>([1])) },
    };

    [Theory]
    [MemberData(nameof(Metadata), DisableDiscoveryEnumeration = true)]
    public void Metadata_that_asserts_is_refused(string key, GgufValueBox value)
    {
        ArgumentNullException.ThrowIfNull(value);
        var writer = TinyModelWriter.Create(TinyArchitecture.Llama);
        writer.Metadata[key] = value.Value;
        Assert.Throws<InvalidDataException>(() => Load(writer).Dispose());
    }

    [Theory]
    [InlineData("general.architecture")]
    [InlineData("llama.block_count")]
    [InlineData("llama.embedding_length")]
    [InlineData("llama.context_length")]
    [InlineData("tokenizer.ggml.model")]
    [InlineData("tokenizer.ggml.tokens")]
    [InlineData("tokenizer.ggml.merges")]
    public void Metadata_that_is_missing_is_refused(string key)
    {
        var writer = TinyModelWriter.Create(TinyArchitecture.Llama);
        Assert.True(writer.Metadata.Remove(key));
        Assert.Throws<InvalidDataException>(() => Load(writer).Dispose());
    }

    [Theory]
    [InlineData("tokenizer.ggml.bos_token_id")]
    [InlineData("tokenizer.ggml.eos_token_id")]
    public void Token_ids_out_of_range_do_not_matter(string key)
    {
        var writer = TinyModelWriter.Create(TinyArchitecture.Llama);
        writer.Metadata[key] = 999999u;
        writer.Metadata["tokenizer.ggml.add_bos_token"] = true;
        var failure = Record.Exception(() =>
        {
            using var model = Load(writer);
            Assert.Equal("text", model.Detokenize(model.Tokenize("text"), removeSpecial: true));
        });
        Assert.True(failure is null or InvalidDataException, $"{failure}");
    }

    [Theory]
    [InlineData("blk.1.ffn_up.weight", null, null)]
    [InlineData("token_embd.weight", null, null)]
    [InlineData("output_norm.weight", GgmlType.F16, null)]
    [InlineData("blk.0.attn_q.weight", GgmlType.I32, null)]
    [InlineData("blk.0.attn_q.weight", GgmlType.F32, 128L)]
    [InlineData("token_embd.weight", GgmlType.F32, 128L)]
    public void Tensors_that_do_not_fit_are_refused(string name, GgmlType? type, long? width)
    {
        var path = TinyModels.PathOf(TinyArchitecture.Llama);
        using var good = GgufFile.Open(path);
        var writer = new GgufWriter(good.Metadata);
        foreach (var tensor in good.Tensors)
        {
            if (tensor.Name != name)
                writer.AddTensor(good, tensor);
            else if (type is { } changed)
            {
                long[] shape = width is { } narrow ? [narrow, tensor.RowCount] : [.. tensor.Shape];
                writer.AddTensor(name, changed, shape, new byte[shape.Aggregate(1L, (product, ne) => product * ne) * changed.TypeSize()]);
            }
        }
        Assert.Throws<InvalidDataException>(() => Load(writer).Dispose());
    }

    [Theory]
    [InlineData("blk.0.attn_q.scale")]
    [InlineData("blk.0.ssm_a")]
    public void Vectors_are_32_bit_floats_whatever_their_name(string name)
    {
        var writer = TinyModelWriter.Create(TinyArchitecture.Llama);
        writer.AddTensor(name, GgmlType.F16, [2], new byte[4]);
        Assert.Contains(name, Assert.Throws<InvalidDataException>(() => Load(writer).Dispose()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Truncated_files_are_refused_wherever_they_end()
    {
        var bytes = File.ReadAllBytes(TinyModels.PathOf(TinyArchitecture.Llama, TinyType.Q4_K_M));
        foreach (var share in (double[])[0, 0.001, 0.01, 0.1, 0.5, 0.99, 0.9999])
        {
            var path = _folder["truncated.gguf"];
            File.WriteAllBytes(path, bytes[..(int)(bytes.Length * share)]);
            Assert.Throws<InvalidDataException>(() => new LM(path, TinyModels.Device));
        }
    }

    [Fact]
    public void Corrupted_files_never_end_the_process()
    {
        var original = File.ReadAllBytes(TinyModels.PathOf(TinyArchitecture.Qwen3, TinyType.Q4_0));
        var random = new Random(7);
        var path = _folder["corrupted.gguf"];
        int[] tokens = [1, 2, 3];
        for (var i = 0; i < 150; i++)
        {
            var bytes = (byte[])original.Clone();
            for (var flips = random.Next(1, 4); flips > 0; flips--)
                bytes[random.Next(i % 2 == 0 ? 1400 : 14000)] = (byte)random.Next(256);
            File.WriteAllBytes(path, bytes);
            var failure = Record.Exception(() =>
            {
                using var model = new LM(path, TinyModels.Device, cancellationToken: TestContext.Current.CancellationToken);
                using var evaluator = new TokenLossEvaluator(model.Core, [], tokens.Length);
                evaluator.Logits(tokens, TestContext.Current.CancellationToken);
                _ = model.Detokenize(model.Tokenize("some text <|im_start|>", parseSpecial: true));
            });
            Assert.True(failure is null or InvalidDataException, $"{failure}");
        }
    }

    private static GgufValue Tokens(int count) => GgufValue.FromStrings(Enumerable.Range(0, count).Select(i => $"t{i}"));

    private LM Load(GgufWriter writer)
    {
        var path = _folder["hostile.gguf"];
        writer.Save(path);
        return new LM(path, TinyModels.Device);
    }

    /// <summary>Holds a value whose conversions xunit would otherwise try.</summary>
    public sealed record GgufValueBox(GgufValue Value);
}
