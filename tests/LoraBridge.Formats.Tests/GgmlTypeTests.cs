namespace LoraBridge.Formats.Tests;

public sealed class GgmlTypeTests
{
    [Theory]
    [InlineData(GgmlType.F32, "f32", 1, 4)]
    [InlineData(GgmlType.BF16, "bf16", 1, 2)]
    [InlineData(GgmlType.Q4_0, "q4_0", 32, 18)]
    [InlineData(GgmlType.Q8_0, "q8_0", 32, 34)]
    [InlineData(GgmlType.Q4_K, "q4_K", 256, 144)]
    [InlineData(GgmlType.Q6_K, "q6_K", 256, 210)]
    [InlineData(GgmlType.IQ4_XS, "iq4_xs", 256, 136)]
    [InlineData(GgmlType.MXFP4, "mxfp4", 32, 17)]
    public void Blocks_have_the_sizes_of_ggml(GgmlType type, string name, int blockSize, int typeSize)
    {
        Assert.Equal(name, type.Name());
        Assert.Equal(blockSize, type.BlockSize());
        Assert.Equal(typeSize, type.TypeSize());
        Assert.Equal(3L * typeSize, type.RowSize(3L * blockSize));
    }

    [Fact]
    public void Every_type_is_in_the_table_and_found_by_its_name()
    {
        Assert.Equal(Enum.GetValues<GgmlType>(), GgmlTypeInfo.All);
        foreach (var type in GgmlTypeInfo.All)
        {
            Assert.True(GgmlTypeInfo.TryParse(type.Name().ToUpperInvariant(), out var found));
            Assert.Equal(type, found);
            Assert.Equal(type.BlockSize() > 1, type.IsQuantized());
        }

        Assert.False(GgmlTypeInfo.TryParse("q4_2", out _));
        Assert.False(GgmlTypeInfo.TryParse(null, out _));
        Assert.False(((GgmlType)4).IsDefined());
    }

    [Fact]
    public void A_broken_row_is_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => GgmlType.Q4_0.RowSize(33));
        Assert.Throws<ArgumentOutOfRangeException>(() => GgmlType.F32.RowSize(-1));
        Assert.Throws<OverflowException>(() => GgmlType.F32.RowSize(long.MaxValue));
        Assert.Throws<ArgumentOutOfRangeException>(() => ((GgmlType)5).TypeSize());
    }

    [Fact]
    public void Every_file_type_has_a_name()
    {
        Assert.All(Enum.GetValues<LlamaFileType>(), type => Assert.NotEmpty(type.Name()));
        Assert.Equal("Q4_K - Medium", LlamaFileType.Q4_K_M.Name());
        Assert.Equal(15, (int)LlamaFileType.Q4_K_M);
        Assert.True(LlamaFileTypeInfo.TryParse("q4_k_m", out var type));
        Assert.Equal(LlamaFileType.Q4_K_M, type);
        Assert.True(LlamaFileTypeInfo.TryParse("F32", out type));
        Assert.Equal(LlamaFileType.AllF32, type);
        Assert.False(LlamaFileTypeInfo.TryParse("Q4_2", out _));
    }
}
