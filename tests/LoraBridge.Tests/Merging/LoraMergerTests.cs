using LoraBridge.Finetuning;
using LoraBridge.Formats;
using LoraBridge.Model;
using LoraBridge.TestKit;

namespace LoraBridge.Tests.Merging;

public sealed class LoraMergerTests
{
    private const string Query = "blk.0.attn_q.weight";

    [Fact]
    public void AMergedWeightIsTheBasePlusTheScaledProduct()
    {
        using var fixture = new MergeFixture(TinyModels.PathOf(TinyArchitecture.Llama));

        var result = fixture.Merge(new MergeOptions { OutputType = MergeOutputType.F32 }, (fixture.AdapterPath, 0.5f));

        // alpha 8 over rank 4, times 0.5.
        var expected = MergeFixture.Expected(
            MergeFixture.Read(fixture.ModelPath, Query), MergeFixture.Read(fixture.AdapterPath, Query + ".lora_a"),
            MergeFixture.Read(fixture.AdapterPath, Query + ".lora_b"), rank: 4, scale: 1);
        Assert.True(MergeFixture.RelativeError(expected, MergeFixture.Read(fixture.Output, Query)) < 1e-6);
        Assert.Equal(14, result.MergedTensors);
        Assert.Equal(new FileInfo(fixture.Output).Length, result.OutputBytes);
        Assert.All(result.Tensors, tensor => Assert.True(tensor.RelativeChange > 0.01));
    }

    [Theory]
    [InlineData(TinyType.F32)]
    [InlineData(TinyType.Q4_0)]
    [InlineData(TinyType.Q4_K_M)]
    [InlineData(TinyType.Q8_0)]
    public void KeepLeavesEveryTypeAndLoads(TinyType type)
    {
        using var fixture = new MergeFixture(TinyModels.PathOf(TinyArchitecture.Llama, type));

        var result = fixture.Merge(new MergeOptions { Verify = true });

        using var before = GgufFile.Open(fixture.ModelPath);
        using var after = GgufFile.Open(fixture.Output);
        Assert.Equal(before.Tensors.Select(tensor => (tensor.Name, tensor.Type)), after.Tensors.Select(tensor => (tensor.Name, tensor.Type)));
        Assert.Equal(before.Metadata["general.file_type"].ToString(), after.Metadata["general.file_type"].ToString());
        Assert.True(result.Verification!.NormalizedMeanSquaredError < result.Verification.AdapterEffect / 4, result.Verification.ToString());
        Assert.All(result.Tensors, tensor => Assert.InRange(tensor.QuantizationError, type == TinyType.F32 ? 0 : 1e-4, 0.15));
    }

    [Theory]
    [InlineData(TinyArchitecture.Llama)]
    [InlineData(TinyArchitecture.Qwen3)]
    [InlineData(TinyArchitecture.Gemma3)]
    public void AnExactMergeComputesWhatTheLiveAdapterDoes(TinyArchitecture architecture)
    {
        using var fixture = new MergeFixture(TinyModels.PathOf(architecture));

        var verification = fixture.Merge(new MergeOptions { Verify = true }).Verification!;

        Assert.Equal(MergeVerdict.Equal, verification.Verdict);
        Assert.Equal(1, verification.TopTokenAgreement);
        Assert.True(verification.AdapterEffect > 1e-3);
    }

    [Fact]
    public void AdaptersOfDifferentRanksAndTensorsAddUp()
    {
        using var fixture = new MergeFixture(TinyModels.PathOf(TinyArchitecture.Llama), ["attn_q", "ffn_down"]);
        var second = fixture.Adapter("second.gguf", ["attn_q", "output", "token_embd"], rank: 3, seed: 2, alpha: null);

        var result = fixture.Merge(new MergeOptions { Verify = true }, (fixture.AdapterPath, 1), (second, 0.25f));

        Assert.Equal(6, result.MergedTensors);
        Assert.Equal(MergeVerdict.Equal, result.Verification!.Verdict);
    }

    [Fact]
    public void ScaleZeroChangesNothing()
    {
        using var fixture = new MergeFixture(TinyModels.PathOf(TinyArchitecture.Llama, TinyType.Q8_0));

        fixture.Merge(new MergeOptions { OutputType = MergeOutputType.F32 }, (fixture.AdapterPath, 0));

        Assert.Equal(MergeFixture.Read(fixture.ModelPath, Query), MergeFixture.Read(fixture.Output, Query));
    }

    [Fact]
    public void WhatNoAdapterChangesKeepsItsBits()
    {
        using var fixture = new MergeFixture(TinyModels.PathOf(TinyArchitecture.Llama, TinyType.Q4_K_M));

        var result = fixture.Merge(null, (fixture.AdapterPath, 0));

        using var before = GgufFile.Open(fixture.ModelPath);
        using var after = GgufFile.Open(fixture.Output);
        Assert.All(before.Tensors, tensor => Assert.Equal(before.ReadAll(tensor), after.ReadAll(after.Find(tensor.Name)!)));
        Assert.All(result.Tensors, tensor => Assert.Equal(0, tensor.QuantizationError));
    }

    [Theory]
    [InlineData(GgmlType.F16)]
    [InlineData(GgmlType.BF16)]
    public void HalfPrecisionRoundsTheMergedTensorsOnly(GgmlType type)
    {
        using var fixture = new MergeFixture(TinyModels.PathOf(TinyArchitecture.Llama, TinyType.Q4_0));

        fixture.Merge(new MergeOptions { OutputType = type == GgmlType.F16 ? MergeOutputType.F16 : MergeOutputType.BF16 });

        using var file = GgufFile.Open(fixture.Output);
        Assert.Equal(type, file.Find(Query)!.Type);
        Assert.Equal(GgmlType.Q4_0, file.Find("token_embd.weight")!.Type);
    }

    [Fact]
    public void TheSameMergeGivesTheSameBytesWithAnyNumberOfThreads()
    {
        using var fixture = new MergeFixture(TinyModels.PathOf(TinyArchitecture.Llama, TinyType.Q4_K_M));
        fixture.Merge();
        var merger = new LoraMerger(fixture.ModelPath) { Options = new MergeOptions { Threads = 3 } };
        merger.AddLoraAdapter(fixture.AdapterPath);

        merger.Merge(fixture["again.gguf"]);

        Assert.Equal(File.ReadAllBytes(fixture.Output), File.ReadAllBytes(fixture["again.gguf"]));
    }

    [Fact]
    public void TheMetadataSayWhatWasMerged()
    {
        var writer = TinyModelWriter.Create(TinyArchitecture.Llama);
        writer.Metadata.Set("general.organization", "Tiny Labs").Set("general.alignment", 64u);
        using var folder = new TemporaryFolder();
        writer.Save(folder["base.gguf"]);
        using var fixture = new MergeFixture(folder["base.gguf"]);

        fixture.Merge(
            new MergeOptions { OutputType = MergeOutputType.F16, ImportanceMatrixPath = ImportanceFiles.WriteGguf(fixture) }, (fixture.AdapterPath, 0.5f));

        using var file = GgufFile.Open(fixture.Output);
        Assert.Equal(64, file.Alignment);
        Assert.All(file.Tensors, tensor => Assert.Equal(0, tensor.Offset % 64));
        Assert.Equal("Tiny Labs", file.Metadata.GetString("general.base_model.0.organization"));
        Assert.Equal("imatrix", file.Metadata.GetString("quantize.imatrix.file"));
        Assert.Equal("Tiny Llama", file.Metadata.GetString("general.base_model.0.name"));
        Assert.Equal("adapter.gguf", file.Metadata.GetStringArray("lorabridge.merge.adapters")[0]);
        Assert.Equal([0.5f], file.Metadata.GetFloat32Array("lorabridge.merge.scales"));
        Assert.Equal((int)LlamaFileType.F16, file.Metadata.GetInt32("general.file_type"));
    }

    [Fact]
    public async Task TheLoadedModelCanBeMergedAsynchronously()
    {
        using var fixture = new MergeFixture(TinyModels.PathOf(TinyArchitecture.Llama));
        using var model = TinyModels.Load(TinyArchitecture.Llama);
        var stages = new List<MergeProgress>();

        var merger = new LoraMerger(model) { OutputType = MergeOutputType.F16 };
        await merger.MergeAndExportAsync(
            new LoraAdapter(fixture.AdapterPath), fixture.Output, new SynchronousProgress<MergeProgress>(stages.Add), TestContext.Current.CancellationToken);

        Assert.Equal(1, stages[^1].Fraction);
        Assert.All(stages, progress => Assert.Equal(MergeStage.Merging, progress.Stage));
        Assert.Throws<InvalidOperationException>(() => merger.Merge(fixture["none.gguf"]));
    }

    [Fact]
    public void AnAdapterOfAnotherModelIsRefused()
    {
        using var fixture = new MergeFixture(TinyModels.PathOf(TinyArchitecture.Llama));
        var merger = new LoraMerger(TinyModels.PathOf(TinyArchitecture.Qwen3));
        merger.AddLoraAdapter(fixture.AdapterPath);

        Assert.Throws<AdapterMismatchException>(() => merger.Merge(fixture.Output));
        Assert.False(File.Exists(fixture.Output));
    }
}
