using LoraBridge.Evaluation;
using LoraBridge.Formats;
using LoraBridge.Model;
using LoraBridge.TestKit;
using LoraBridge.TextGeneration;

namespace LoraBridge.Tests.Adapters;

public sealed class AdapterApplicationTests
{
    private static readonly int[] Tokens = [.. Enumerable.Range(0, 24).Select(i => (i * 37 + 11) % 256)];

    [Theory]
    [InlineData(TinyArchitecture.Llama, TinyType.F32)]
    [InlineData(TinyArchitecture.Llama, TinyType.Q4_K_M)]
    [InlineData(TinyArchitecture.Gemma3, TinyType.Q8_0)]
    public void Scale_zero_and_removal_are_no_adapter_bit_for_bit(TinyArchitecture architecture, TinyType type)
    {
        using var folder = new TemporaryFolder();
        using var model = TinyModels.Load(architecture, type);
        var before = Logits(model);

        var adapter = model.ApplyLoraAdapter(Save(folder, "adapter", TinyModels.PathOf(architecture, type)));
        var applied = Logits(model);
        adapter.Scale = 0;
        var disabled = Logits(model);
        adapter.Scale = 0.5f;
        var half = Logits(model);
        Assert.True(model.RemoveLoraAdapter(adapter));
        var after = Logits(model);

        Assert.NotEqual(before[^1], applied[^1]);
        Assert.NotEqual(before[^1], half[^1]);
        Assert.NotEqual(applied[^1], half[^1]);
        Assert.Equal(before, disabled);
        Assert.Equal(before, after);
        Assert.False(model.RemoveLoraAdapter(adapter));
        Assert.Empty(model.Adapters);
    }

    [Fact]
    public void Two_adapters_add_up()
    {
        using var folder = new TemporaryFolder();
        var path = TinyModels.PathOf(TinyArchitecture.Llama);
        var first = Save(folder, "first", path, ["attn_q", "ffn_down"], rank: 4, seed: 1);
        var second = Save(folder, "second", path, ["attn_q", "ffn_down"], rank: 2, seed: 2);
        var stacked = folder["stacked.gguf"];
        Stack(first, 0.75f, second, 1.5f).Save(stacked);

        using var model = TinyModels.Load(TinyArchitecture.Llama);
        model.ApplyLoraAdapter(first, 0.75f);
        model.ApplyLoraAdapter(second, 1.5f);
        var both = Logits(model);
        foreach (var adapter in model.Adapters.ToArray())
            model.RemoveLoraAdapter(adapter);
        model.ApplyLoraAdapter(stacked);

        Assert.InRange(NormalizedSquaredError(both, Logits(model)), 0, 1e-9);
    }

    [Fact]
    public void An_adapter_of_zeros_changes_nothing()
    {
        using var folder = new TemporaryFolder();
        using var model = TinyModels.Load(TinyArchitecture.Qwen3);
        var before = Logits(model);
        using (model.UseLoraAdapter(Save(folder, "zeros", TinyModels.PathOf(TinyArchitecture.Qwen3), scaleOfB: 0)))
            Assert.Equal(before, Logits(model));
        Assert.Empty(model.Adapters);
    }

    [Fact]
    public void One_adapter_serves_two_models_and_applies_once_to_each()
    {
        using var folder = new TemporaryFolder();
        var adapter = new LoraAdapter(Save(folder, "shared", TinyModels.PathOf(TinyArchitecture.Llama)));
        using var one = TinyModels.Load(TinyArchitecture.Llama);
        using var two = TinyModels.Load(TinyArchitecture.Llama, TinyType.Q8_0);

        Assert.Same(adapter, one.ApplyLoraAdapter(adapter));
        Assert.Same(adapter, one.ApplyLoraAdapter(adapter));
        two.ApplyLoraAdapter(adapter);
        Assert.Single(one.Adapters);
        using (one.UseLoraAdapter(adapter))
            Assert.Single(one.Adapters);
        Assert.Single(one.Adapters);
        one.Dispose();
        Assert.NotEmpty(Logits(two));
    }

    [Theory]
    [InlineData("output")]
    [InlineData("token_embd")]
    public void Input_and_output_can_be_adapted(string target)
    {
        using var folder = new TemporaryFolder();
        using var model = TinyModels.Load(TinyArchitecture.Llama);
        var before = Logits(model);
        model.ApplyLoraAdapter(Save(folder, target, TinyModels.PathOf(TinyArchitecture.Llama), [target]));
        Assert.NotEqual(before[^1], Logits(model)[^1]);
    }

    [Fact]
    public void An_adapter_says_what_it_is()
    {
        using var folder = new TemporaryFolder();
        var adapter = new LoraAdapter(Save(folder, "mine", TinyModels.PathOf(TinyArchitecture.Llama), ["attn_q", "output"], rank: 3));
        Assert.Equal("mine", adapter.Identifier);
        Assert.Equal(3, adapter.Rank);
        Assert.Equal(8, adapter.Alpha);
        Assert.Equal(["attn_q", "output"], adapter.TargetModules);
        Assert.Equal(6, adapter.TensorCount);
        Assert.Equal("llama", adapter.Architecture);
        Assert.Equal("lora", adapter.Metadata["adapter.type"]);
        Assert.Equal(2 * 3 * (256 + 256) + 3 * (256 + TinyVocabulary.Size), LoraAdapter.Inspect(adapter.Path).ParameterCount);
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    public void A_scale_is_finite(float scale)
    {
        using var folder = new TemporaryFolder();
        using var model = TinyModels.Load(TinyArchitecture.Llama);
        var path = Save(folder, "adapter", TinyModels.PathOf(TinyArchitecture.Llama));
        Assert.Throws<ArgumentOutOfRangeException>(() => model.ApplyLoraAdapter(path, scale));
        Assert.Throws<ArgumentOutOfRangeException>(() => new LoraAdapter(path).Scale = scale);
        Assert.Empty(model.Adapters);
    }

    private static string Save(
        TemporaryFolder folder, string name, string modelPath, IReadOnlyList<string>? targets = null, int rank = 4, float scaleOfB = 0.1f, int seed = 1)
    {
        var path = folder[$"{name}.gguf"];
        TinyAdapters.Create(modelPath, targets, rank, scaleOfB: scaleOfB, seed: seed).Save(path);
        return path;
    }

    private static float[][] Logits(LM model)
    {
        using var evaluator = new TokenLossEvaluator(model.Core, model.Adapters, Tokens.Length);
        return evaluator.Logits(Tokens, TestContext.Current.CancellationToken);
    }

    private static double NormalizedSquaredError(float[][] found, float[][] expected)
    {
        var pairs = found.SelectMany(row => row).Zip(expected.SelectMany(row => row)).ToList();
        return pairs.Sum(pair => Math.Pow(pair.First - pair.Second, 2)) / pairs.Sum(pair => Math.Pow(pair.Second, 2));
    }

    /// <summary>One adapter that is the sum of two: their As side by side, their scaled Bs, and no alpha.</summary>
    private static GgufWriter Stack(string firstPath, float firstScale, string secondPath, float secondScale)
    {
        var first = GgufFile.Open(firstPath);
        var second = GgufFile.Open(secondPath);
        var writer = new GgufWriter(first.Metadata.Where(key => key != "adapter.lora.alpha"));
        foreach (var a in first.Tensors.Where(tensor => tensor.Name.EndsWith(".lora_a", StringComparison.Ordinal)))
        {
            var name = a.Name[..^"a".Length];
            var (r1, r2) = ((int)a.Shape[1], (int)second.Find(a.Name)!.Shape[1]);
            var (b1, b2) = (Floats(first, name + "b"), Floats(second, name + "b"));
            var outputs = b1.Length / r1;
            var b = new float[outputs * (r1 + r2)];
            for (var row = 0; row < outputs; row++)
            {
                for (var r = 0; r < r1; r++)
                    b[row * (r1 + r2) + r] = b1[row * r1 + r] * firstScale * 8 / r1;
                for (var r = 0; r < r2; r++)
                    b[row * (r1 + r2) + r1 + r] = b2[row * r2 + r] * secondScale * 8 / r2;
            }
            writer.AddTensor(a.Name, GgmlType.F32, [a.Shape[0], r1 + r2], Bytes([.. Floats(first, a.Name), .. Floats(second, a.Name)]));
            writer.AddTensor(name + "b", GgmlType.F32, [r1 + r2, outputs], Bytes(b));
        }
        first.Dispose();
        second.Dispose();
        return writer;
    }

    private static float[] Floats(GgufFile file, string name) =>
        System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(file.ReadAll(file.Find(name)!)).ToArray();

    private static byte[] Bytes(float[] values) => System.Runtime.InteropServices.MemoryMarshal.AsBytes(values.AsSpan()).ToArray();
}
