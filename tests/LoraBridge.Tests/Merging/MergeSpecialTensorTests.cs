using LoraBridge.Finetuning;
using LoraBridge.Formats;
using LoraBridge.Model;
using LoraBridge.TestKit;

namespace LoraBridge.Tests.Merging;

/// <summary>Weight scales, experts, fused tensors, quantised adapters and embeddings that are the output as well.</summary>
public sealed class MergeSpecialTensorTests
{
    // Not attn_k_b and attn_v_b: llama.cpp multiplies by them without looking for an adapter.
    private static readonly string[] AllModules =
    [
        "attn_q", "attn_k", "attn_v", "attn_qkv", "attn_output", "ffn_gate", "ffn_up", "ffn_down", "output",
        "ffn_gate_exps", "ffn_up_exps", "ffn_down_exps", "ffn_gate_up_exps", "ssm_in", "ssm_out", "attn_q_a", "attn_q_b", "attn_kv_a_mqa",
    ];

    [Fact]
    public void WeightScalesCountAsTheLiveModelAppliesThem()
    {
        using var fixture = new MergeFixture(ScaledModel());

        var result = fixture.Merge(new MergeOptions { Verify = true });

        Assert.Equal(MergeVerdict.Equal, result.Verification!.Verdict);
        // In attention the scale comes before the adapter's branch, in the feed-forward block after it.
        Assert.True(Change(fixture, "blk.0.attn_q.weight") > 1.9);
        Assert.InRange(Change(fixture, "blk.0.ffn_up.weight"), 0.99, 1.01);
        File.Delete(fixture.ModelPath);
    }

    [Theory]
    [InlineData("llama-dense.gguf")]
    [InlineData("phi3-dense.gguf")]
    [InlineData("qwen3moe-moe.gguf")]
    [InlineData("gpt-oss-moe.gguf")]
    [InlineData("mamba2-dense.gguf")]
    [InlineData("gpt2-dense.gguf")]
    public void ModelsOfTheZooMergeToWhatTheyComputeLive(string name)
    {
        using var fixture = new MergeFixture(Zoo.PathOf(name), AllModules);

        var verification = fixture.Merge(new MergeOptions { Verify = true }).Verification!;

        Assert.Equal(MergeVerdict.Equal, verification.Verdict);
        Assert.True(verification.AdapterEffect > 1e-4);
    }

    [Theory]
    [InlineData(GgmlType.F16)]
    [InlineData(GgmlType.BF16)]
    [InlineData(GgmlType.Q8_0)]
    public void AdaptersOfAnyTypeAreMerged(GgmlType type)
    {
        using var fixture = new MergeFixture(TinyModels.PathOf(TinyArchitecture.Llama), rank: 32);
        var typed = fixture["typed.gguf"];
        Convert(fixture.AdapterPath, typed, type);

        var result = fixture.Merge(new MergeOptions { Verify = true }, (typed, 1));

        // Live products with these types round their inputs, too.
        Assert.True(result.Verification!.NormalizedMeanSquaredError < 1e-3, result.Verification.ToString());
        Assert.Equal(14, result.MergedTensors);
    }

    [Theory]
    [InlineData("token_embd", MergeOutputType.Keep)]
    [InlineData("output", MergeOutputType.Keep)]
    [InlineData("output", MergeOutputType.Q8_0)]
    public void AnOutputThatIsTheEmbeddingBecomesATensorOfItsOwn(string target, MergeOutputType type)
    {
        var tied = TinyModels.PathOf(TinyArchitecture.Gemma3);
        using var fixture = new MergeFixture(tied);
        var adapter = target == "output" ? OutputAdapter(fixture) : fixture.Adapter("tied.gguf", [target]);
        var embedding = MergeFixture.Read(tied, "token_embd.weight");

        var result = fixture.Merge(new MergeOptions { OutputType = type, Verify = true }, (adapter, 1));

        Assert.Equal([$"{target}.weight"], result.Tensors.Select(tensor => tensor.Name));
        Assert.True(result.Verification!.Verdict <= MergeVerdict.Close, result.Verification.ToString());
        Assert.True(result.Verification.AdapterEffect > 1e-2);
        if (type == MergeOutputType.Keep)
            Assert.Equal(embedding, MergeFixture.Read(fixture.Output, target == "output" ? "token_embd.weight" : "output.weight"));
        using var model = new LM(fixture.Output, TinyModels.Device);
        Assert.Equal("gemma3", model.Architecture);
    }

    [Fact]
    public void AWeightThatIsSeenThroughDifferentScalesIsRefused()
    {
        // The layers of hrm_text are run through several times, each time with scales of their own.
        using var fixture = new MergeFixture(Zoo.PathOf("hrm_text-dense.gguf"));

        Assert.Contains("blk.0.attn_", Assert.Throws<InvalidOperationException>(() => fixture.Merge()).Message, StringComparison.Ordinal);
        Assert.Single(Directory.GetFiles(fixture.Folder));
    }

    [Fact]
    public void AnArchitectureThatAlwaysSharesItsOutputIsRefused()
    {
        using var fixture = new MergeFixture(Zoo.PathOf("gemma2-dense.gguf"), ["token_embd"]);

        foreach (var type in (MergeOutputType[])[MergeOutputType.Keep, MergeOutputType.Q8_0])
            Assert.Contains("gemma2", Assert.Throws<InvalidOperationException>(() => fixture.Merge(new MergeOptions { OutputType = type })).Message, StringComparison.Ordinal);

        Assert.Single(Directory.GetFiles(fixture.Folder));
    }

    [Fact]
    public void TensorsThatLlamaCppDoesNotAdaptAreNamed()
    {
        using var fixture = new MergeFixture(Zoo.PathOf("deepseek2-moe.gguf"), ["attn_q_a", "attn_output"]);

        var verification = fixture.Merge(new MergeOptions { Verify = true }).Verification!;

        Assert.Equal(["blk.0.attn_q_a.weight", "blk.1.attn_q_a.weight"], verification.UnappliedTensors);
        Assert.Contains("blk.0.attn_q_a.weight", verification.ToString(), StringComparison.Ordinal);
    }

    /// <summary>An adapter of an output that the model does not have, shaped as if it had.</summary>
    private static string OutputAdapter(MergeFixture fixture)
    {
        using var other = GgufFile.Open(fixture.Adapter("embedding.gguf", ["token_embd"]));
        var writer = new GgufWriter(other.Metadata);
        foreach (var tensor in other.Tensors)
        {
            // [R, V] and [R, D]: as B of the output the one fits as it lies, as A the other's values in any order.
            var isA = tensor.Name.EndsWith("lora_b", StringComparison.Ordinal);
            long[] shape = isA ? [tensor.Shape[1], tensor.Shape[0]] : [.. tensor.Shape];
            writer.AddTensor($"output.weight.lora_{(isA ? 'a' : 'b')}", tensor.Type, shape, other.ReadAll(tensor));
        }

        writer.Save(fixture["output.gguf"]);
        return fixture["output.gguf"];
    }

    private static double Change(MergeFixture fixture, string name)
    {
        var (before, after) = (MergeFixture.Read(fixture.ModelPath, name), MergeFixture.Read(fixture.Output, name));
        var unscaled = MergeFixture.Expected(
            new float[before.Length], MergeFixture.Read(fixture.AdapterPath, name + ".lora_a"), MergeFixture.Read(fixture.AdapterPath, name + ".lora_b"), 4, 2);
        var found = before.Zip(after, (x, y) => y - x).Sum(x => (double)x * x);
        return Math.Sqrt(found / unscaled.Sum(x => (double)x * x));
    }

    private static string ScaledModel()
    {
        var writer = TinyModelWriter.Create(TinyArchitecture.Llama);
        foreach (var name in (string[])["attn_q", "attn_output", "ffn_gate", "ffn_up", "ffn_down"])
            writer.AddTensor($"blk.0.{name}.scale", GgmlType.F32, [1], BitConverter.GetBytes(0.5f));
        var path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName() + ".gguf");
        writer.Save(path);
        return path;
    }

    private static void Convert(string from, string to, GgmlType type)
    {
        using var file = GgufFile.Open(from);
        var writer = new GgufWriter(file.Metadata);
        foreach (var tensor in file.Tensors)
        {
            var values = MergeFixture.Read(from, tensor.Name);
            var bytes = new byte[type.RowSize(tensor.Shape[0]) * tensor.RowCount];
            Native.GgmlQuantizer.Quantize(type, values, bytes, tensor.Shape[0]);
            writer.AddTensor(tensor.Name, type, tensor.Shape.AsSpan(), bytes);
        }

        writer.Save(to);
    }
}
