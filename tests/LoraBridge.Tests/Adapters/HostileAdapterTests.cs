using LoraBridge.Formats;
using LoraBridge.Model;
using LoraBridge.TestKit;

namespace LoraBridge.Tests.Adapters;

/// <summary>Adapters that are broken, or made for another model: an exception each, and the model stays as it was.</summary>
public sealed class HostileAdapterTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly LM _model = TinyModels.Load(TinyArchitecture.Llama);

    public void Dispose()
    {
        _model.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void Missing_and_blank_paths_are_told_apart()
    {
        Assert.Throws<FileNotFoundException>(() => _model.ApplyLoraAdapter(_folder["none.gguf"]));
        Assert.ThrowsAny<ArgumentException>(() => _model.ApplyLoraAdapter(" "));
        Assert.ThrowsAny<ArgumentException>(() => _model.ApplyLoraAdapter((LoraAdapter)null!));
    }

    [Fact]
    public void A_model_is_not_an_adapter() => ExpectInvalid(TinyModels.PathOf(TinyArchitecture.Llama), "it is no adapter");

    [Theory]
    [InlineData("general.type", "model")]
    [InlineData("adapter.type", "ia3")]
    public void The_kind_must_be_lora(string key, string value) => ExpectInvalid(Save(Edit(metadata => metadata[key] = value)), key);

    [Fact]
    public void Alpha_must_be_a_finite_float()
    {
        ExpectInvalid(Save(Edit(metadata => metadata["adapter.lora.alpha"] = float.NaN)), "adapter.lora.alpha");
        ExpectInvalid(Save(Edit(metadata => metadata["adapter.lora.alpha"] = 8)), "Float32");
        ExpectInvalid(Save(Edit(metadata => metadata["general.architecture"] = 1)), "general.architecture");
        ExpectInvalid(Save(Edit(metadata => metadata["adapter.alora.invocation_tokens"] = "x")), "invocation_tokens");
    }

    [Fact]
    public void Pairs_must_be_whole()
    {
        ExpectInvalid(Save(Edit(keep: name => !name.Contains("blk.1.attn_k.weight.lora_b"))), "blk.1.attn_k.weight");
        ExpectInvalid(Save(Edit(keep: _ => false)), "at least one pair");
        ExpectInvalid(Save(Edit(rename: name => name.Replace("blk.0.attn_q.weight.lora_a", "extra"))), "extra");
        ExpectInvalid(Save(Edit(rename: name => name.Replace("attn_q.weight", "x.lora_a"))), "x.lora_a");
    }

    [Fact]
    public void Many_problems_are_summed_up() =>
        ExpectInvalid(Save(Edit(keep: name => name.EndsWith("lora_a", StringComparison.Ordinal))), "; and ");

    [Fact]
    public void Ranks_of_a_pair_must_agree()
    {
        ExpectInvalid(Save(Edit(shape: (name, shape) => name.EndsWith("lora_b", StringComparison.Ordinal) ? [shape[0] / 2, shape[1] * 2] : shape)), "rank");
        ExpectInvalid(Save(Edit(shape: (name, shape) => name.EndsWith("lora_b", StringComparison.Ordinal) ? [shape[0], shape[1] / 2, 2] : shape)), "experts");
    }

    [Fact]
    public void Another_architecture_is_a_mismatch()
    {
        var path = _folder["qwen3.gguf"];
        TinyAdapters.Create(TinyModels.PathOf(TinyArchitecture.Qwen3)).Save(path);
        Assert.Contains("qwen3", ExpectMismatch(path).Message);
    }

    [Fact]
    public void Other_shapes_are_a_mismatch_that_names_them()
    {
        var other = _folder["other-model.gguf"];
        TinyModelWriter.Create(TinyArchitecture.Llama, new TinyShape { FeedForward = 768, Layers = 3 }).Save(other);
        var path = _folder["other.gguf"];
        TinyAdapters.Create(other).Save(path);

        var mismatch = ExpectMismatch(path);
        Assert.Contains(mismatch.Mismatches, tensor => tensor is { Tensor: "blk.0.ffn_up.weight", Expected: "A [256, 4], B [4, 512]" });
        Assert.Contains(mismatch.Mismatches, tensor => tensor.Tensor == "blk.2.attn_q.weight");
        Assert.DoesNotContain(mismatch.Mismatches, tensor => tensor.Tensor == "blk.0.attn_q.weight");
    }

    [Fact]
    public void Vectors_and_tied_embeddings_cannot_be_adapted()
    {
        ExpectMismatch(Save(Edit(rename: name => name.Replace("blk.0.attn_q.weight", "output_norm.weight"))));

        var path = _folder["tied.gguf"];
        TinyAdapters.Create(TinyModels.PathOf(TinyArchitecture.Gemma3), ["token_embd"]).Save(path);
        using var gemma = TinyModels.Load(TinyArchitecture.Gemma3);
        Assert.Contains("output", Assert.Throws<AdapterMismatchException>(() => gemma.ApplyLoraAdapter(path)).Message);
    }

    [Fact]
    public void Truncated_files_are_refused_wherever_they_end()
    {
        var bytes = File.ReadAllBytes(Save(Edit()));
        foreach (var share in (double[])[0, 0.001, 0.01, 0.1, 0.5, 0.9, 0.999])
        {
            var path = _folder["truncated.gguf"];
            File.WriteAllBytes(path, bytes[..(int)(bytes.Length * share)]);
            ExpectInvalid(path, "");
            Assert.False(LoraAdapter.ValidateFormat(path, out var problems));
            Assert.NotEmpty(problems);
        }
    }

    [Fact]
    public void Corrupted_headers_never_end_the_process()
    {
        var original = File.ReadAllBytes(Save(Edit()));
        var random = new Random(5);
        var path = _folder["corrupted.gguf"];
        for (var i = 0; i < 300; i++)
        {
            var bytes = (byte[])original.Clone();
            for (var flips = random.Next(1, 4); flips > 0; flips--)
                bytes[random.Next(4000)] = (byte)random.Next(256);
            File.WriteAllBytes(path, bytes);
            var failure = Record.Exception(() => _model.RemoveLoraAdapter(_model.ApplyLoraAdapter(path)));
            Assert.True(failure is null or InvalidDataException or AdapterMismatchException, $"{failure}");
            Assert.Empty(_model.Adapters);
        }
    }

    private void ExpectInvalid(string path, string word)
    {
        Assert.Contains(word, Assert.Throws<InvalidDataException>(() => _model.ApplyLoraAdapter(path)).Message);
        Assert.Empty(_model.Adapters);
    }

    private AdapterMismatchException ExpectMismatch(string path)
    {
        var mismatch = Assert.Throws<AdapterMismatchException>(() => _model.ApplyLoraAdapter(path));
        Assert.Empty(_model.Adapters);
        return mismatch;
    }

    private string Save(GgufWriter writer)
    {
        var path = _folder["edited.gguf"];
        writer.Save(path, overwrite: true);
        return path;
    }

    /// <summary>A good adapter with one thing changed.</summary>
    private GgufWriter Edit(
        Action<GgufMetadata>? metadata = null, Func<string, bool>? keep = null, Func<string, string>? rename = null, Func<string, long[], long[]>? shape = null)
    {
        var path = _folder["good.gguf"];
        if (!File.Exists(path))
            TinyAdapters.Create(TinyModels.PathOf(TinyArchitecture.Llama)).Save(path);
        using var good = GgufFile.Open(path);
        var writer = new GgufWriter(good.Metadata);
        metadata?.Invoke(writer.Metadata);
        foreach (var tensor in good.Tensors.Where(tensor => keep?.Invoke(tensor.Name) ?? true))
        {
            writer.AddTensor(
                rename?.Invoke(tensor.Name) ?? tensor.Name, tensor.Type, shape?.Invoke(tensor.Name, [.. tensor.Shape]) ?? [.. tensor.Shape], good.ReadAll(tensor));
        }
        return writer;
    }
}
