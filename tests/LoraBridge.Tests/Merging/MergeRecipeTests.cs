using LoraBridge.Finetuning;
using LoraBridge.Formats;
using LoraBridge.Native;
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
        var matrix = WriteImportance(fixture);
        fixture.Merge(new MergeOptions { OutputType = type });
        var plain = File.ReadAllBytes(fixture.Output);

        fixture.Merge(new MergeOptions { OutputType = type, ImportanceMatrixPath = matrix, Force = true });

        Assert.NotEqual(plain, File.ReadAllBytes(fixture.Output));
    }

    [Fact]
    public void ASmallTypeNeedsAnImportanceMatrix()
    {
        using var fixture = new MergeFixture(TinyModels.PathOf(TinyArchitecture.Llama));

        var fault = Assert.Throws<NativeException>(() => fixture.Merge(new MergeOptions { OutputType = MergeOutputType.IQ2_XXS }));

        Assert.Contains("imatrix", fault.Message, StringComparison.Ordinal);
        Assert.Single(Directory.GetFiles(fixture.Folder));
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

    private static string WriteImportance(MergeFixture fixture)
    {
        using var model = GgufFile.Open(fixture.ModelPath);
        var writer = new GgufWriter();
        var random = new Random(3);
        foreach (var tensor in model.Tensors.Where(tensor => tensor.Shape.Length == 2))
        {
            var sums = new float[tensor.Shape[0]];
            foreach (ref var sum in sums.AsSpan())
                sum = random.NextSingle() * 100;
            writer.AddTensor(tensor.Name + ".in_sum2", GgmlType.F32, [sums.Length, 1], Bytes(sums));
            writer.AddTensor(tensor.Name + ".counts", GgmlType.F32, [1, 1], Bytes([10]));
        }

        writer.Save(fixture["imatrix.gguf"]);
        return fixture["imatrix.gguf"];
    }

    private static byte[] Bytes(float[] values) => System.Runtime.InteropServices.MemoryMarshal.AsBytes(values.AsSpan()).ToArray();
}
