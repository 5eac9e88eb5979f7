using LoraBridge.Finetuning;
using LoraBridge.Formats;
using LoraBridge.TestKit;

namespace LoraBridge.Tests.Merging;

/// <summary>llama.cpp's quantisation recipes, importance matrices and split files.</summary>
public sealed class MergeRecipeTests
{
    [Theory]
    [InlineData(MergeOutputType.Q4_K_M, GgmlType.Q4_K)]
    [InlineData(MergeOutputType.Q8_0, GgmlType.Q8_0)]
    public void ARecipeQuantizesTheWholeModel(MergeOutputType recipe, GgmlType expected)
    {
        using var fixture = new MergeFixture(TinyModels.PathOf(TinyArchitecture.Llama, TinyType.Q4_0));

        var result = fixture.Merge(new MergeOptions { OutputType = recipe, Verify = true });

        using var file = GgufFile.Open(fixture.Output);
        Assert.Equal((int)recipe, file.Metadata.GetInt32("general.file_type"));
        Assert.Equal(expected, file.Find("blk.0.attn_q.weight")!.Type);
        Assert.Equal(expected, result.Tensors.Single(tensor => tensor.Name == "blk.0.attn_q.weight").OutputType);
        Assert.All(result.Tensors, tensor => Assert.InRange(tensor.QuantizationError, 1e-4, 0.15));
        Assert.True(result.Verification!.NormalizedMeanSquaredError < 0.1);
        Assert.Equal(2, Directory.GetFiles(fixture.Folder).Length);
    }

    [Theory]
    [InlineData(MergeOutputType.Keep)]
    [InlineData(MergeOutputType.Q4_K_M)]
    public void AnImportanceMatrixChangesWhatIsRounded(MergeOutputType type)
    {
        using var fixture = new MergeFixture(TinyModels.PathOf(TinyArchitecture.Llama, TinyType.Q4_0));
        fixture.Merge(new MergeOptions { OutputType = type });
        var plain = File.ReadAllBytes(fixture.Output);

        fixture.Merge(new MergeOptions { OutputType = type, ImportanceMatrixPath = ImportanceFiles.WriteGguf(fixture), Overwrite = true });

        var weighted = File.ReadAllBytes(fixture.Output);
        Assert.NotEqual(plain, weighted);
        fixture.Merge(new MergeOptions { OutputType = type, ImportanceMatrixPath = ImportanceFiles.WriteLegacy(fixture), Overwrite = true });
        Assert.Equal(weighted, File.ReadAllBytes(fixture.Output));
    }

    [Fact]
    public void ASmallTypeNeedsAnImportanceMatrix()
    {
        using var fixture = new MergeFixture(TinyModels.PathOf(TinyArchitecture.Llama));

        var fault = Assert.Throws<InvalidOperationException>(() => fixture.Merge(new MergeOptions { OutputType = MergeOutputType.IQ2_XXS }));

        Assert.Contains("importance matrix", fault.Message, StringComparison.Ordinal);
        Assert.Single(Directory.GetFiles(fixture.Folder));
        var result = fixture.Merge(new MergeOptions { OutputType = MergeOutputType.IQ2_XXS, ImportanceMatrixPath = ImportanceFiles.WriteGguf(fixture) });
        Assert.Contains(result.Tensors, tensor => tensor.OutputType == GgmlType.IQ2_XXS);
    }

    [Theory]
    [InlineData("")]
    [InlineData("This is no importance matrix at all.")]
    [InlineData("\u0001\0\0\0\u0004\0\0\0name\u0001\0\0\0\u0010\0\0\0short")]
    [InlineData("\u0001\0\0\0\u0001\0\0\0n\u0001\0\0\0\u0001\0\0\0\0\0\0\u00bf")]
    public void WhatIsNoImportanceMatrixIsRefused(string content)
    {
        using var fixture = new MergeFixture(TinyModels.PathOf(TinyArchitecture.Llama));
        File.WriteAllText(fixture["imatrix.dat"], content, System.Text.Encoding.Latin1);

        var fault = Assert.Throws<InvalidDataException>(() => fixture.Merge(new MergeOptions { ImportanceMatrixPath = fixture["imatrix.dat"] }));

        Assert.Contains("imatrix.dat", fault.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(fixture.Output));
    }

    [Fact]
    public void SplitFilesAreReadAndWritten()
    {
        using var fixture = new MergeFixture(TinyModels.PathOf(TinyArchitecture.Llama));
        var parts = fixture.Merge(new MergeOptions { MaximumPartBytes = 1 << 20 }).Paths;
        Assert.True(parts.Count > 2);

        var merger = new LoraMerger(parts[0]) { Options = new MergeOptions { Verify = true, Threads = 1 } };
        merger.AddLoraAdapter(fixture.AdapterPath);
        var result = merger.Merge(fixture["twice.gguf"]);

        Assert.Equal(MergeVerdict.Equal, result.Verification!.Verdict);
        using var file = GgufFile.Open(fixture["twice.gguf"]);
        Assert.False(file.Metadata.ContainsKey("split.count"));
        Assert.Throws<IOException>(() => fixture.Merge(new MergeOptions { MaximumPartBytes = 1 << 20 }));
    }

}
