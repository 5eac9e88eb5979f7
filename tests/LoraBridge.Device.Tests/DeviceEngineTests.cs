using LoraBridge.Formats;
using LoraBridge.Native;
using LoraBridge.Training.Graphs;
using LoraBridge.Training.Kernels.Cpu;

namespace LoraBridge.Device.Tests;

/// <summary>Graphs take turns on a device.</summary>
public sealed class DeviceEngineTests
{
    private const int Elements = 32;

    [Fact]
    public void A_graph_that_was_measured_is_computed()
    {
        using var engine = new DeviceEngine(DeviceUnderTest.Devices, DeviceWeights.None, threads: 1);
        using var doubling = new Scaling(engine, 2);
        using var unused = engine.CreateAllocator();
        Assert.True(doubling.Graph.Measure(unused).Devices > 0);
        Assert.Equal(2, doubling.Compute(1));
        Assert.True(doubling.Graph.Measure(unused).Devices > 0);
        Assert.Equal(6, doubling.Compute(3));
    }

    /// <summary>The report of what was left to the CPU goes by it.</summary>
    [Fact]
    public void Managed_kernels_are_not_for_devices()
    {
        using var engine = new DeviceEngine(DeviceUnderTest.Devices, DeviceWeights.None, threads: 1);
        using var builder = new GraphBuilder(4);
        var x = builder.Leaf(GgmlType.F32, new Shape(Elements), "x");
        Assert.True(engine.Supports(builder.Add(x, x)));
        Assert.False(engine.Supports(builder.Custom(RowGradients.L2Norm(1), x.Shape, x, x)));
    }

    /// <summary>Each is placed anew when it is its turn, whatever the other left on the device.</summary>
    [Fact]
    public void Graphs_take_turns()
    {
        using var engine = new DeviceEngine(DeviceUnderTest.Devices, DeviceWeights.None, threads: 1);
        using var doubling = new Scaling(engine, 2);
        using var tripling = new Scaling(engine, 3, operations: 40);
        for (var i = 1; i <= 3; i++)
        {
            Assert.Equal(2 * i, doubling.Compute(i));
            Assert.Equal(3 * i, tripling.Compute(i));
            Assert.Equal(4 * i, doubling.Compute(2 * i));
        }
    }

    /// <summary>One after the other, on what the ones before have computed.</summary>
    [Fact]
    public void Each_operation_has_a_time_of_its_own()
    {
        using var engine = new DeviceEngine(DeviceUnderTest.Devices, DeviceWeights.None, threads: 1);
        using var tripling = new Scaling(engine, 3, operations: 5);
        using var doubling = new Scaling(engine, 2);
        var times = new Dictionary<int, List<double>>();
        engine.Time(tripling.Graph, (node, seconds) => (times.TryGetValue(node, out var found) ? found : times[node] = []).Add(seconds));
        Assert.Equal(Enumerable.Range(0, tripling.Graph.Count), times.Keys.Order());
        Assert.All(times.Values, seconds => Assert.True(Assert.Single(seconds) > 0));
        Assert.Equal(2, doubling.Compute(1));
        Assert.Equal(6, tripling.Compute(2));
        Assert.Equal(tripling.Graph.Count, times.Count);
        Assert.All(times.Values, seconds => Assert.Single(seconds));
    }

    /// <summary>They would stay in memory that the next graph uses, or that is freed.</summary>
    [Fact]
    public void Leaves_without_memory_of_their_own_give_back_what_they_got()
    {
        using var engine = new DeviceEngine(DeviceUnderTest.Devices, DeviceWeights.None, threads: 1);
        using var doubling = new Scaling(engine, 2);
        Assert.Equal(2, doubling.Compute(1));
        Assert.NotEqual(0, doubling.Filled.Data);
        using var unused = engine.CreateAllocator();
        doubling.Graph.Measure(unused);
        Assert.Equal(0, doubling.Filled.Data);
        Assert.True(doubling.Filled.Buffer.IsNull);
        Assert.Equal(4, doubling.Compute(2));
    }

    /// <summary>factor * x, through as many operations as wanted.</summary>
    private sealed class Scaling : IDisposable
    {
        private readonly GraphBuilder _leaves = new(1);
        private readonly GraphBuilder _builder = new(64);
        private readonly BufferHandle _memory;
        private readonly TensorPtr _x, _y;

        public Scaling(DeviceEngine engine, float factor, int operations = 1)
        {
            _x = _leaves.Leaf(GgmlType.F32, new Shape(Elements), "x");
            _memory = engine.AllocateOnDevice(_leaves);
            Graph = new ComputeGraph(_builder, engine);
            var zeros = _builder.Zeros(_x.Shape);
            Filled = zeros.Source(0);
            _y = _builder.Add(_builder.Scale(_x, factor), zeros);
            for (var i = 1; i < operations; i++)
                _y = _builder.Scale(_y, 1);
            Graph.ScheduleOutput(_y);
        }

        public ComputeGraph Graph { get; }

        /// <summary>A leaf that is made to be filled.</summary>
        public TensorPtr Filled { get; }

        /// <summary>The last element of the result, for an x whose elements are all the same.</summary>
        public float Compute(float x)
        {
            _x.Set<float>(Enumerable.Repeat(x, Elements).ToArray());
            Graph.Compute();
            return _y.ToArray<float>()[^1];
        }

        public void Dispose()
        {
            _memory.Dispose();
            _builder.Dispose();
            _leaves.Dispose();
        }
    }
}
