using LoraBridge.Finetuning;
using LoraBridge.Formats;
using LoraBridge.Model;
using LoraBridge.TestKit;
using LoraBridge.Tests.Merging;

namespace LoraBridge.Tests.Adapters;

/// <summary>What an operation writes is merged, and the merged weights compared.</summary>
public sealed class AdapterArithmeticTests : IDisposable
{
    private const string Query = "blk.0.attn_q.weight";
    private const string Down = "blk.1.ffn_down.weight";

    private readonly MergeFixture _fixture = new(TinyModels.PathOf(TinyArchitecture.Llama), ["attn_q", "ffn_down", "token_embd"]);
    private readonly string _second;

    public AdapterArithmeticTests() => _second = _fixture.Adapter("second.gguf", ["attn_q", "output"], rank: 3, seed: 2, alpha: null);

    [Fact]
    public void ConcatenationIsTheSum()
    {
        var path = _fixture["sum.gguf"];

        var result = AdapterArithmetic.Combine([(_fixture.AdapterPath, 0.5f), (_second, 2)], path);

        AssertSame([(_fixture.AdapterPath, 0.5f), (_second, 2)], [(path, 1)], Query, Down, "token_embd.weight", "output.weight");
        Assert.Equal(7, result.Tensors.Single(tensor => tensor.Name == Query).Rank);
        Assert.Equal(1, result.MinimumRetainedEnergy);
        Assert.True(LoraAdapter.ValidateFormat(path, out _));
    }

    [Fact]
    public void SvdToTheSumOfTheRanksIsTheSum()
    {
        var path = _fixture["svd.gguf"];

        var result = AdapterArithmetic.Combine([(_fixture.AdapterPath, 1), (_second, 1)], path, AdapterCombination.Svd, rank: 7);

        AssertSame([(_fixture.AdapterPath, 1), (_second, 1)], [(path, 1)], Query, Down, "token_embd.weight", "output.weight");
        Assert.Equal(1, result.MinimumRetainedEnergy, 1e-9);
        Assert.Equal(7, LoraAdapter.Inspect(path).Alpha);
    }

    [Theory]
    [InlineData(AdapterCombination.Concatenate)]
    [InlineData(AdapterCombination.Svd)]
    [InlineData(AdapterCombination.Linear)]
    public void NegativeScalesSubtract(AdapterCombination method)
    {
        var path = _fixture["negative.gguf"];

        AdapterArithmetic.Combine([(_fixture.AdapterPath, -0.5f)], path, method, rank: 8);

        AssertSame([(_fixture.AdapterPath, -0.5f)], [(path, 1)], Query, Down);
        Assert.NotEqual(0, Change((path, 1f), Query).Max());
    }

    [Fact]
    public void ResizingReportsWhatItKeeps()
    {
        var path = _fixture["small.gguf"];

        var result = AdapterArithmetic.Resize(_fixture.AdapterPath, path, rank: 2);

        var exact = Change((_fixture.AdapterPath, 1f), Query);
        var found = Change((path, 1f), Query);
        var lost = Math.Pow(MergeFixture.RelativeError(exact, found), 2);
        Assert.Equal(1 - lost, result.Tensors.Single(tensor => tensor.Name == Query).RetainedEnergy, 1e-4);
        Assert.InRange(lost, 0.05, 0.6);
        Assert.Equal(2, LoraAdapter.Inspect(path).Rank);
    }

    [Fact]
    public void LinearAddsTheFactors()
    {
        var path = _fixture["linear.gguf"];

        AdapterArithmetic.Combine([(_fixture.AdapterPath, 0.25f), (_fixture.AdapterPath, 0.25f)], path, AdapterCombination.Linear);

        // (2 sqrt(w)) squared: twice the same adapter counts four times its weight.
        AssertSame([(_fixture.AdapterPath, 1)], [(path, 1)], Query, Down);
        Assert.Throws<ArgumentException>(
            () => AdapterArithmetic.Combine([(_fixture.AdapterPath, 1), (_second, 1)], _fixture["none.gguf"], AdapterCombination.Linear));
    }

    [Fact]
    public void AFoldedScaleCountsAtOne()
    {
        var path = _fixture["folded.gguf"];

        AdapterArithmetic.FoldScale(_fixture.AdapterPath, 0.3f, path);

        AssertSame([(_fixture.AdapterPath, 0.3f)], [(path, 1)], Query, Down, "token_embd.weight");
    }

    [Theory]
    [InlineData(GgmlType.F16, 1e-3)]
    [InlineData(GgmlType.BF16, 1e-2)]
    [InlineData(GgmlType.Q8_0, 2e-2)]
    public void ConversionKeepsWhatTheTypeCan(GgmlType type, double tolerance)
    {
        var path = _fixture["typed.gguf"];

        AdapterArithmetic.Requantize(_fixture.AdapterPath, path, new AdapterWriteOptions { Type = type });

        Assert.True(MergeFixture.RelativeError(Change((_fixture.AdapterPath, 1f), Query), Change((path, 1f), Query)) < tolerance);
        Assert.Equal(LoraAdapter.Inspect(_fixture.AdapterPath).Alpha, LoraAdapter.Inspect(path).Alpha);
        using var file = GgufFile.Open(path);
        Assert.Equal(type, file.Find(Query + ".lora_a")!.Type);
    }

    [Fact]
    public void ExtractionFindsTheAdapterThatWasMerged()
    {
        var merged = Merge(_fixture.AdapterPath, 1);
        var path = _fixture["extracted.gguf"];

        var result = AdapterArithmetic.Extract(_fixture.ModelPath, merged, path, rank: 4);

        AssertSame([(_fixture.AdapterPath, 1)], [(path, 1)], Query, Down, "token_embd.weight");
        Assert.True(result.MinimumRetainedEnergy > 0.9999);
        Assert.Empty(result.Skipped);
        Assert.Equal(
            LoraAdapter.Inspect(_fixture.AdapterPath).TargetTensors.Order(StringComparer.Ordinal),
            LoraAdapter.Inspect(path).TargetTensors.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void EqualModelsHaveNoAdapterBetweenThem()
    {
        Assert.Throws<InvalidOperationException>(
            () => AdapterArithmetic.Extract(_fixture.ModelPath, _fixture.ModelPath, _fixture["none.gguf"], rank: 4));
        Assert.False(File.Exists(_fixture["none.gguf"]));
    }

    public void Dispose() => _fixture.Dispose();

    private string Merge(string adapter, float scale) => Merge([(adapter, scale)]);

    private string Merge((string Path, float Scale)[] adapters)
    {
        _fixture.Merge(new MergeOptions { Overwrite = true, OutputType = MergeOutputType.F32 }, adapters);
        return _fixture.Output;
    }

    private float[] Change((string Path, float Scale) adapter, string name) =>
        [.. MergeFixture.Read(Merge([adapter]), name).Zip(MergeFixture.Read(_fixture.ModelPath, name), (x, y) => x - y)];

    private void AssertSame((string, float)[] expected, (string, float)[] found, params string[] names)
    {
        var exact = names.Select(name => MergeFixture.Read(Merge(expected), name)).ToList();
        Merge(found);
        for (var i = 0; i < names.Length; i++)
            Assert.True(MergeFixture.RelativeError(exact[i], MergeFixture.Read(_fixture.Output, names[i])) < 1e-4, names[i]);
    }
}
