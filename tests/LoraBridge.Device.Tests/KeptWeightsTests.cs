using LoraBridge.Cli.Benchmarking;
using LoraBridge.Formats;
using LoraBridge.Training;
using LoraBridge.Training.Graphs;
using LoraBridge.Training.Kernels.Device;

namespace LoraBridge.Device.Tests;

public sealed class KeptWeightsTests
{
    private const int Columns = 32, Rows = 8;

    [Fact]
    public void A_copy_is_the_weight_in_BF16()
    {
        float[] values = [.. Enumerable.Range(0, Rows * Columns).Select(i => (float)(i % 100 - 50))];
        Assert.Equal(values, Copy(GgmlType.F32, values, mostElements: 1 << 20, transposed: false).Select(bits => BitConverter.Int32BitsToSingle(bits << 16)));
    }

    [Fact]
    public void A_copy_is_the_weight_transposed_in_BF16()
    {
        float[] values = [.. Enumerable.Range(0, Rows * Columns).Select(i => (float)(i % 100 - 50))];
        var copy = Copy(GgmlType.F32, values, mostElements: 1 << 20, transposed: true);
        for (var k = 0; k < Columns; k++)
            for (var m = 0; m < Rows; m++)
                Assert.Equal(values[m * Columns + k], BitConverter.Int32BitsToSingle(copy[k * Rows + m] << 16));
    }

    /// <summary>8 rows, 3 at a time.</summary>
    [Theory]
    [InlineData(GgmlType.F32, true)]
    [InlineData(GgmlType.Q8_0, true)]
    [InlineData(GgmlType.F32, false)]
    [InlineData(GgmlType.Q8_0, false)]
    public void A_large_weight_is_copied_in_parts(object type, bool transposed)
    {
        var random = new SeededRandom(1);
        Array values = (GgmlType)type == GgmlType.F32
            ? Enumerable.Range(0, Rows * Columns).Select(_ => random.NextSingle()).ToArray()
            : RandomBlocks.Make((GgmlType)type, Rows, 1, random);
        var whole = Copy((GgmlType)type, values, mostElements: 1 << 20, transposed);
        Assert.True(whole.Distinct().Count() > 50);
        Assert.Equal(whole, Copy((GgmlType)type, values, mostElements: 3 * Columns, transposed));
    }

    private static ushort[] Copy(GgmlType type, Array values, long mostElements, bool transposed)
    {
        using var engine = new DeviceEngine(DeviceUnderTest.Devices, DeviceWeights.None, threads: 1);
        using var leaves = new GraphBuilder(2);
        var weight = leaves.Leaf(type, new Shape(Columns, Rows), "w");
        var indices = leaves.Leaf(GgmlType.I32, new Shape(Rows), "indices");
        using var memory = engine.AllocateOnDevice(leaves);
        if (values is float[] floats)
            weight.Set<float>(floats);
        else
            weight.Set<byte>((byte[])values);
        indices.Set<int>(Enumerable.Range(0, Rows).ToArray());
        using var copies = new KeptWeights(engine, [weight], _ => transposed, mostElements);
        copies.Fill(new DeviceProducts(indices, GgmlType.BF16));
        return (transposed ? copies.TransposedOf(weight) : copies.PlainOf(weight)).ToArray<ushort>();
    }
}
