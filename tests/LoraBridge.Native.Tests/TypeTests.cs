using LoraBridge.Formats;

namespace LoraBridge.Native.Tests;

public class TypeTests
{
    // ggml takes seconds to build the search tables of these, and stops every other thread that makes a context meanwhile.
    private static readonly GgmlType[] s_slow =
    [
        GgmlType.IQ1_S, GgmlType.IQ1_M, GgmlType.IQ2_XXS, GgmlType.IQ2_XS, GgmlType.IQ2_S,
    ];

    public static TheoryData<string> QuantizableTypes =>
        [.. Enum.GetValues<GgmlType>().Except(s_slow).Where(GgmlQuantizer.CanQuantize).Select(type => type.ToString())];

    [Theory]
    [MemberData(nameof(QuantizableTypes))]
    public void Rows_survive_quantisation(string name)
    {
        var type = Enum.Parse<GgmlType>(name);
        var values = Enumerable.Range(0, 1024).Select(i => MathF.Sin(i * 0.37f)).ToArray();
        var importance = Enumerable.Repeat(1f, 512).ToArray();
        var bytes = new byte[GgmlTypeTraits.RowSize(type, values.Length)];
        GgmlQuantizer.Quantize(type, values, bytes, rowLength: 512, importance);
        var restored = new float[values.Length];
        GgmlTypeTraits.Dequantize(type, bytes, restored);

        var error = values.Zip(restored, (a, b) => (a - b) * (a - b)).Sum() / values.Sum(a => a * a);
        Assert.InRange(error, 0, 0.6);
    }

    [Fact]
    public void Empty_importance_counts_as_none_whatever_it_points_to()
    {
        var values = Enumerable.Range(0, 256).Select(i => MathF.Sin(i * 0.37f)).ToArray();
        var (none, empty) = (new byte[144], new byte[144]);

        GgmlQuantizer.Quantize(GgmlType.Q4_0, values, none, rowLength: 256);
        GgmlQuantizer.Quantize(GgmlType.Q4_0, values, empty, rowLength: 256, importance: values.AsSpan(8, 0));

        Assert.Equal(none, empty);
    }

    [Fact]
    public void Block_layout_is_that_of_the_library()
    {
        Assert.Equal((32, 18, true), Layout(GgmlType.Q4_0));
        Assert.Equal((256, 144, true), Layout(GgmlType.Q4_K));
        Assert.Equal((1, 2, false), Layout(GgmlType.BF16));

        static (long, long, bool) Layout(GgmlType type) =>
            (GgmlTypeTraits.BlockSize(type), GgmlTypeTraits.TypeSize(type), GgmlTypeTraits.IsQuantized(type));
    }

    [Fact]
    public void Wrong_lengths_and_types_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => GgmlTypeTraits.BlockSize((GgmlType)4));
        Assert.Throws<ArgumentException>(() => GgmlTypeTraits.RowSize(GgmlType.Q4_0, 33));
        Assert.Throws<ArgumentException>(() => GgmlTypeTraits.Dequantize(GgmlType.Q4_0, new byte[17], new float[32]));
        Assert.Throws<ArgumentException>(() => GgmlTypeTraits.Dequantize(GgmlType.I32, new byte[4], new float[1]));
        Assert.Throws<ArgumentException>(() => GgmlQuantizer.Quantize(GgmlType.IQ2_XS, new float[256], new byte[74], 256));
        Assert.Throws<ArgumentException>(() => GgmlQuantizer.Quantize(GgmlType.Q8_K, new float[256], new byte[292], 256));
        Assert.Throws<ArgumentException>(() => GgmlFloats.SingleToHalf(new float[2], new Half[1]));
    }

    [Fact]
    public void Sixteen_bit_floats_convert()
    {
        var halves = new Half[3];
        GgmlFloats.SingleToHalf([1f, -0.5f, 65504f], halves);
        Assert.Equal([(Half)1f, (Half)(-0.5f), Half.MaxValue], halves);
        var bits = new ushort[2];
        GgmlFloats.SingleToBFloat16([1f, -2f], bits);
        Assert.Equal([0x3f80, 0xc000], bits.Select(value => (int)value));
        var singles = new float[2];
        GgmlFloats.BFloat16ToSingle(bits, singles);
        Assert.Equal([1f, -2f], singles);
        Assert.Equal(0x3c00, Ggml.ggml_fp32_to_fp16(1f));
        Assert.Equal(1f, Ggml.ggml_bf16_to_fp32(0x3f80));
    }
}
