using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using System.Security.Cryptography;
using LoraBridge.Cli.Benchmarking;
using LoraBridge.Formats;
using LoraBridge.Native;
using LoraBridge.Native.Code;
using LoraBridge.Training.Autodiff.Ops;
using LoraBridge.Training.Graphs;
using LoraBridge.Training.Kernels.Cpu;
using LoraBridge.Training.Tests.Autodiff;

namespace LoraBridge.Training.Tests.Kernels;

/// <summary>Whole products in integers, forward and back: with each tile, and on every processor, they have the same bits.</summary>
public sealed class IntegerProductTests
{
    /// <summary>Neither whole panels of 256 nor whole tiles of 6 by 32.</summary>
    private const int M = 71, N = 14;

    public IntegerProductTests()
    {
        Assert.SkipUnless(VectorInstructions.IsSupported, "This processor has no vectors that numbers are packed by.");
        NativeRuntime.Initialize();
    }

    [Theory]
    [InlineData(nameof(GgmlType.F32))]
    [InlineData(nameof(GgmlType.Q4_0))]
    [InlineData(nameof(GgmlType.Q4_K))]
    [InlineData(nameof(GgmlType.Q6_K))]
    public void TilesGiveTheSameBits(string type)
    {
        var weights = Weights(Enum.Parse<GgmlType>(type));
        var expected = Run(IntegerFormat.WithTwelveBits(new PlainTile()), weights);
        Assert.Equal(expected, Run(IntegerFormat.WithTwelveBits(new DotTile<PlainDot>(TileElement.SplitInt12)), weights));
        var rough = Run(IntegerFormat.WithEightBits(new PlainTile()), weights);
        Assert.NotEqual(expected, rough);
        Assert.Equal(rough, Run(IntegerFormat.WithEightBits(new DotTile<PlainDot>(TileElement.SignedInt8)), weights));
        if (Avx2.IsSupported)
            Assert.Equal(rough, Run(IntegerFormat.WithEightBits(new VectorTile<PlainBytes>()), weights));
        if (!IntegerFormat.IsSupported)
            return;
        Assert.Equal(expected, Run(IntegerFormat.Bits12, weights));
        Assert.Equal(rough, Run(IntegerFormat.Bits8, weights));
    }

    /// <summary>Literal bits: no processor has others.</summary>
    [Theory]
    [InlineData(nameof(GgmlType.F32), "F1A49DDE61F6E913")]
    [InlineData(nameof(GgmlType.Q4_0), "8D6FABE2FDD2836F")]
    [InlineData(nameof(GgmlType.Q5_1), "40D346A5E5FD1CEF")]
    [InlineData(nameof(GgmlType.Q8_0), "30D04C35FB14984D")]
    [InlineData(nameof(GgmlType.IQ4_NL), "D2EF4461A76973AD")]
    [InlineData(nameof(GgmlType.MXFP4), "C3FA4666B2BEE953")]
    [InlineData(nameof(GgmlType.NVFP4), "CB3422FE7A4E78F9")]
    [InlineData(nameof(GgmlType.Q1_0), "644219876A5B293B")]
    [InlineData(nameof(GgmlType.Q2_0), "82297ECEA63A92DA")]
    [InlineData(nameof(GgmlType.TQ1_0), "83328F22420D1E7D")]
    [InlineData(nameof(GgmlType.Q2_K), "B65C7FC20B06DD32")]
    [InlineData(nameof(GgmlType.Q3_K), "C07EC858AA442526")]
    [InlineData(nameof(GgmlType.Q4_K), "B61A327360D23318")]
    [InlineData(nameof(GgmlType.Q6_K), "5D5686C57579D1E3")]
    [InlineData(nameof(GgmlType.IQ4_XS), "24BDE0FBCB96D2BE")]
    [InlineData(nameof(GgmlType.IQ2_XS), "CE09E9BD0E887853")]
    [InlineData(nameof(GgmlType.IQ3_S), "B8695429FA9B0179")]
    [InlineData(nameof(GgmlType.IQ1_S), "69D24068470DB9B7")]
    [InlineData(nameof(GgmlType.IQ1_M), "D24D07A9496BC970")]
    public void BitsAreTheSameOnEveryProcessor(string type, string expected)
    {
        var weights = Weights(Enum.Parse<GgmlType>(type));
        float[] results = [.. Run(IntegerFormat.WithTwelveBits(new PlainTile()), weights), .. Run(IntegerFormat.WithEightBits(new PlainTile()), weights)];
        Assert.DoesNotContain(results, float.IsNaN);
        Assert.Equal(expected, Convert.ToHexString(SHA256.HashData(MemoryMarshal.AsBytes<float>(results)))[..16]);
    }

    private static (GgmlType Type, int Columns, Array Values) Weights(GgmlType type)
    {
        var random = new SeededRandom(4);
        var columns = type is GgmlType.F32 ? 300 : 544 / (int)GgmlTypeTraits.BlockSize(type) * (int)GgmlTypeTraits.BlockSize(type);
        return type == GgmlType.F32
            ? (type, columns, Enumerable.Range(0, columns * M).Select(_ => random.NextSingle() - 0.5f).ToArray())
            : (type, columns, RandomBlocks.Make(type, columns * M / (int)GgmlTypeTraits.BlockSize(type), 1, random));
    }

    private static float[] Run(ProductFormat format, (GgmlType Type, int Columns, Array Values) weights)
    {
        var random = new SeededRandom(5);
        float[] input = [.. Enumerable.Range(0, weights.Columns * N).Select(_ => random.NextSingle() - 0.5f)];
        GradientProbe.Argument[] arguments =
        [
            new(weights.Type, new Shape(weights.Columns, M), weights.Values, false), new(GgmlType.F32, new Shape(weights.Columns, N), input, true),
        ];
        using var run = new ProbeRun((g, x) => Linear.Emit(g, new LinearPrecision(format, format), x[0], x[1]), arguments, threads: 1);
        run.Compute();
        return [.. run.Result, .. run.Gradient(1)];
    }

    /// <summary>VPDPBUSD, put together from instructions that all processors with AVX2 have.</summary>
    private readonly struct PlainBytes : IWordProduct
    {
        public static TileElement Element => TileElement.Int8;

        public static string Name => "plain";

        public static Vector256<int> Add(Vector256<int> sum, Vector256<int> x, Vector256<int> y)
        {
            var (even, odd) = (Vector256.Create((short)0xFF), y.AsInt16() >> 8);
            var low = Avx2.MultiplyAddAdjacent(x.AsInt16() & even, y.AsInt16() << 8 >> 8);
            return sum + low + Avx2.MultiplyAddAdjacent((x.AsUInt16() >> 8).AsInt16(), odd);
        }
    }

    /// <summary>Pairs of numbers by plain loops.</summary>
    private sealed class PlainTile : IntegerTile
    {
        public override TileElement Element => TileElement.Int16;

        public override string Name => "plain";

        public override void Multiply(
            ReadOnlySpan<int> strips, int stripStride, int rowWords, int rows, Panel panel, int words, int tiles, Span<float> sums)
        {
            const int Rows = ProductTile.Rows, Tile = ProductTile.Columns;
            for (var row = 0; row < rows; row++)
                for (var n = 0; n < tiles * Tile; n++)
                {
                    var strip = strips[(row / Rows * stripStride)..];
                    var sum = 0;
                    for (var k = 0; k < words; k++)
                    {
                        var (x, y) = (strip[row % Rows * rowWords + k], panel.Words[n / Tile * words * Tile + k * Tile + n % Tile]);
                        sum += (short)x * (short)y + (x >> 16) * (y >> 16);
                    }
                    ref var target = ref sums[row * ProductTile.GroupColumns + n];
                    target = MathF.FusedMultiplyAdd(sum, panel.Scales[n] * RowScales(strip, rowWords)[row % Rows], target);
                }
        }
    }
}
