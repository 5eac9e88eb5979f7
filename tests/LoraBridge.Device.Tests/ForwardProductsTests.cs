using LoraBridge.Cli.Benchmarking;
using LoraBridge.Formats;
using LoraBridge.Training;
using LoraBridge.Training.Graphs;
using LoraBridge.Training.Kernels.Device;

namespace LoraBridge.Device.Tests;

public sealed class ForwardProductsTests
{
    private const int Columns = 256, Rows = 64, Tokens = 256;

    /// <summary>Which of the two it is depends on the device; both are computed, and nothing is left behind.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void What_is_faster_is_measured_once(bool isKept)
    {
        using var engine = new HardwareEngine();
        using var model = new Weights(engine);
        var products = new ForwardProducts(engine, model.Products, isKept);
        var found = products.AsBF16([model.Quantized, model.Plain], Tokens, types: null);
        Assert.True(found.Count == 0 || found.SetEquals([model.Quantized]));
        Assert.True(found.SetEquals(new ForwardProducts(engine, model.Products, isKept).AsBF16([model.Quantized, model.Plain], Tokens, types: null)));
    }

    [Fact]
    public void Few_tokens_are_multiplied_with_weights_as_they_are_stored()
    {
        using var engine = new HardwareEngine();
        using var model = new Weights(engine);
        var products = new ForwardProducts(engine, model.Products, isKept: false);
        Assert.Empty(products.AsBF16([model.Quantized], Tokens - 1, types: null));
        Assert.Equal([model.Quantized], products.AsBF16([model.Quantized, model.Plain], Tokens - 1, new HashSet<GgmlType> { GgmlType.Q8_0, GgmlType.F32 }));
        Assert.Empty(products.AsBF16([model.Quantized], Tokens, new HashSet<GgmlType>()));
    }

    private sealed class Weights : IDisposable
    {
        private readonly GraphBuilder _leaves = new(3);
        private readonly IDisposable _memory;

        public Weights(DeviceEngine engine)
        {
            Quantized = _leaves.Leaf(GgmlType.Q8_0, new Shape(Columns, Rows), "quantized");
            Plain = _leaves.Leaf(GgmlType.F32, new Shape(Columns, Rows), "plain");
            var indices = _leaves.Leaf(GgmlType.I32, new Shape(Rows), "indices");
            _memory = engine.AllocateOnDevice(_leaves);
            Quantized.Set<byte>(RandomBlocks.Make(GgmlType.Q8_0, Rows * Columns / 32, 1, new SeededRandom(1)));
            indices.Set<int>(Enumerable.Range(0, Rows).ToArray());
            Products = new DeviceProducts(indices, GgmlType.BF16);
        }

        public Native.TensorPtr Quantized { get; }

        public Native.TensorPtr Plain { get; }

        public DeviceProducts Products { get; }

        public void Dispose()
        {
            _memory.Dispose();
            _leaves.Dispose();
        }
    }

    /// <summary>A device that is said to be no software.</summary>
    private sealed class HardwareEngine() : DeviceEngine(DeviceUnderTest.Devices, DeviceWeights.None, threads: 1)
    {
        public override bool MeasuresProducts => true;
    }
}
