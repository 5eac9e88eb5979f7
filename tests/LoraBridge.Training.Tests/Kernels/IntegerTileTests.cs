using LoraBridge.Native.Code;
using LoraBridge.Training.Kernels.Cpu;

namespace LoraBridge.Training.Tests.Kernels;

public sealed class IntegerTileTests
{
    public IntegerTileTests() => Assert.SkipUnless(IntegerTile.IsSupported, "This processor does not multiply integers as these products need it.");

    /// <summary>Those in C# give the bits of plain loops; so does code assembled at run time, or it would not be used.</summary>
    [Fact]
    public void TilesGiveTheBitsOfPlainLoops()
    {
        foreach (var element in Enum.GetValues<TileElement>())
        {
            Assert.True(TileCheck.Agrees(IntegerTile.ForIntrinsics(element)));
            Assert.True(TileCheck.Agrees(IntegerTile.Best(element)));
        }
    }

    [Fact]
    public void CodeThatComputesSomethingElseIsFoundOut()
    {
        var tile = IntegerTile.ForIntrinsics(TileElement.Int16);
        Assert.False(TileCheck.Agrees(new WrongTile(tile, firstRow: 0)));
        Assert.False(TileCheck.Agrees(new WrongTile(tile, firstRow: ProductTile.Rows + 2)));
    }

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
