using LoraBridge.Formats;
using LoraBridge.Training.Graphs;
using LoraBridge.Native;

namespace LoraBridge.Training.Tests;

public sealed class PositionMaskTests
{
    private const int Tokens = 32, Cells = 40;

    public static TheoryData<string> Simple => [.. MaskCases.Simple.Keys];

    public static TheoryData<string> Others => [.. MaskCases.Others.Keys];

    [Theory]
    [MemberData(nameof(Simple))]
    public void Holds_masks_that_depend_on_positions_in_a_simple_way_bit_for_bit(string name)
    {
        var expected = MaskCases.Simple[name];
        foreach (var type in (GgmlType[])[GgmlType.F16, GgmlType.F32])
        {
            var mask = Read(expected, type)!;
            Assert.Equal(name.StartsWith("ALiBi", StringComparison.Ordinal), mask.Biases is not null);
            Assert.Equal(name is not ("one ahead" or "symmetric window" or "both directions" or "ALiBi in both directions"), mask.IsCausal);
            for (var i = 0; i < Tokens; i++)
                for (var j = 0; j < Cells; j++)
                {
                    var number = j < Tokens ? expected(i, j) : float.NegativeInfinity;
                    Assert.Equal(BitConverter.SingleToInt32Bits(number), BitConverter.SingleToInt32Bits(mask.At<float>(i, j)));
                    Assert.Equal(BitConverter.HalfToInt16Bits((Half)number), BitConverter.HalfToInt16Bits(mask.At<Half>(i, j)));
                }
        }
    }

    [Theory]
    [MemberData(nameof(Others))]
    public void Holds_no_others(string name)
    {
        Assert.Null(Read(MaskCases.Others[name], GgmlType.F16));
        Assert.Null(Read(MaskCases.Others[name], GgmlType.F32));
    }

    [Fact]
    public void Holds_nothing_of_another_shape_or_type()
    {
        Assert.Null(Read(MaskCases.Record(MaskCases.Simple["causal"], GgmlType.F16, Tokens, Cells), GgmlType.F16, new Shape(Cells, Tokens / 2, 2)));
        Assert.Null(Read(new byte[Tokens * Tokens * sizeof(int)], GgmlType.I32, new Shape(Tokens, Tokens)));
        Assert.Null(Read(new byte[Cells * Tokens * sizeof(float)], GgmlType.F32, new Shape(Cells, Tokens)));
    }

    [Fact]
    public void Two_are_equal_when_all_their_numbers_are()
    {
        var masks = MaskCases.Simple.Values.Select(mask => Read(mask, GgmlType.F16)!).ToList();
        foreach (var (i, name) in MaskCases.Simple.Keys.Index())
            for (var j = 0; j < masks.Count; j++)
                Assert.Equal(i == j, masks[j].Equals(Read(MaskCases.Simple[name], GgmlType.F16)));
    }

    private static PositionMask? Read(Func<int, int, float> mask, GgmlType type) =>
        Read(MaskCases.Record(mask, type, Tokens, Cells), type, new Shape(Cells, Tokens));

    private static PositionMask? Read(byte[] data, GgmlType type, Shape shape) => MaskCases.WithTensor(type, shape, data, tensor => PositionMask.TryRead(tensor, Tokens));
}
