using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using LoraBridge.Native.Code;
using LoraBridge.Training.Graphs;
using LoraBridge.Training.Kernels.Cpu;

namespace LoraBridge.Training.Tests.Kernels;

public sealed class IntegerTileTests
{
    /// <summary>Those in C# give the bits of plain loops; so does code assembled at run time, or it would not be used.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void TilesGiveTheBitsOfPlainLoops(bool bytes)
    {
        SkipUnlessSupported();
        Assert.True(TileCheck.Agrees(IntegerTile.ForIntrinsics(bytes ? TileElement.Int8 : TileElement.Int16)));
        Assert.True(TileCheck.Agrees(IntegerTile.Best(bytes ? TileElement.Int8 : TileElement.Int16)));
    }

    /// <summary>The tile for ARM64's dot products gives the bits of plain loops, with the instruction put together from others: so it can be tested everywhere.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void ATileOfDotProductsGivesTheBitsOfPlainLoops(bool bytes) =>
        Assert.True(TileCheck.Agrees(new DotTile<PlainDot>(bytes ? TileElement.SignedInt8 : TileElement.SplitInt12)));

    /// <summary>The instruction itself, where there is one: it is chosen, and correct.</summary>
    [Fact]
    public void DotProductsAreChosenWhereTheProcessorHasThem()
    {
        Assert.Equal(Dp.IsSupported, IntegerTile.Best(TileElement.Int16) is DotTile<SignedDot> { Name: "sdot (halves)" });
        Assert.Equal(Dp.IsSupported, IntegerTile.Best(TileElement.Int8) is DotTile<SignedDot> { Name: "sdot" });
    }

    /// <summary>Rows lie where the programs look for them, for those of other processors, too.</summary>
    [Fact]
    public void RowsArePackedAsProgramsReadThem()
    {
        foreach (var instruction in Enum.GetValues<TileInstruction>())
            Assert.Equal(TileProgram.RowBytes(instruction), sizeof(int) * WordLayout.Words(TileProgram.ElementOf(instruction), ProductTile.Depth));
    }

    /// <summary>Code is assembled for AVX2 where .NET would have to do with it, and nowhere else.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void CodeIsAssembledWhereThereIsNothingFaster(bool bytes)
    {
        var element = bytes ? TileElement.Int8 : TileElement.Int16;
        using var programs = AssembledTiles.TryLoad(TileInstruction.Vpmaddwd);
        var expected = programs is not null && IntegerTile.ForIntrinsics(element) is VectorTile<Pairs> && !AssembledTiles.Supports(TileInstruction.Vpdpwssd);
        Assert.Equal(
            expected,
            IntegerTile.Best(element) is AssembledTile { Instruction: TileInstruction.Vpmaddwd, Element: TileElement.Int16, Name: "vpmaddwd (assembled)" });
    }

    /// <summary>Packed panels are read by vectors that are not to lie in two cache lines.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(1000)]
    [InlineData(100_000)]
    public void SharedMemoryStartsACacheLine(int count)
    {
        var memory = new ScratchMemory();
        Assert.True(memory.Words(count / 2).Length >= count / 2);
        var words = memory.Words(count);
        Assert.True(words.Length >= count);
        var address = (long)Unsafe.ByteOffset(ref Unsafe.NullRef<int>(), ref words.Span[0]);
        Assert.Equal(0, address % 64);
        GC.Collect();
        Assert.Equal(address, (long)Unsafe.ByteOffset(ref Unsafe.NullRef<int>(), ref words.Span[0]));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void CodeThatComputesSomethingElseIsFoundOut(bool bytes)
    {
        SkipUnlessSupported();
        var tile = IntegerTile.ForIntrinsics(bytes ? TileElement.Int8 : TileElement.Int16);
        Assert.False(TileCheck.Agrees(new WrongTile(tile, firstRow: 0)));
        Assert.False(TileCheck.Agrees(new WrongTile(tile, firstRow: ProductTile.Rows + 2)));
    }

    private static void SkipUnlessSupported() =>
        Assert.SkipUnless(IntegerTile.IsSupported, "This processor does not multiply integers as these products need it.");

    /// <summary>Correct but for one number.</summary>
    private sealed class WrongTile(IntegerTile right, int firstRow) : IntegerTile
    {
        public override TileElement Element => right.Element;

        public override string Name => "wrong";

        public override void Multiply(
            ReadOnlySpan<int> strips, int stripStride, int rowWords, int rows, Panel panel, int words, int tiles, Span<float> sums)
        {
            right.Multiply(strips, stripStride, rowWords, rows, panel, words, tiles, sums);
            if (rows > firstRow)
                sums[firstRow * ProductTile.GroupColumns + 63] = MathF.BitIncrement(sums[firstRow * ProductTile.GroupColumns + 63]);
        }
    }
}

/// <summary>SDOT, put together from instructions that all processors have.</summary>
internal readonly struct PlainDot : IDotProduct
{
    public static string Name => "plain";

    public static Vector128<int> Add(Vector128<int> sums, Vector128<int> b, Vector128<int> a, [ConstantExpected(Max = (byte)3)] byte index)
    {
        var four = Vector128.Create(a[index]).AsSByte();
        for (var lane = 0; lane < Vector128<int>.Count; lane++)
        {
            var sum = sums[lane];
            for (var i = 4 * lane; i < 4 * lane + 4; i++)
                sum += b.AsSByte()[i] * four[i];
            sums = sums.WithElement(lane, sum);
        }
        return sums;
    }
}
