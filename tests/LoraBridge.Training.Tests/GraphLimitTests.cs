using LoraBridge.Formats;
using LoraBridge.Native;
using LoraBridge.Training.Graphs;

namespace LoraBridge.Training.Tests;

/// <summary>What would end the process in ggml, or overflow in a kernel, is an exception before.</summary>
public sealed class GraphLimitTests
{
    public GraphLimitTests() => NativeRuntime.Initialize();

    [Fact]
    public void One_tensor_too_many_is_an_exception()
    {
        using var builder = new GraphBuilder(5);
        var x = builder.Leaf(GgmlType.F32, new Shape(4), "x");
        for (var i = 0; i < 4; i++)
            x = builder.Add(x, x);
        Assert.Throws<GraphCapacityException>(() => builder.Add(x, x));
        Assert.Throws<GraphCapacityException>(() => builder.Leaf(GgmlType.F32, new Shape(4), "y"));
    }

    /// <summary>Tensors that an operation makes beside its result count, too.</summary>
    [Fact]
    public void Targets_are_counted()
    {
        using var builder = new GraphBuilder(9);
        for (var i = 0; i < 4; i++)
            builder.Fill(GgmlType.F32, new Shape(4), 1);
        Assert.Throws<GraphCapacityException>(() => builder.Fill(GgmlType.F32, new Shape(4), 1));
    }

    [Fact]
    public void A_graph_is_made_again_with_more_capacity_until_it_fits()
    {
        List<int> tried = [];
        var made = GraphCapacityException.Retry(3, capacity =>
        {
            tried.Add(capacity);
            using var builder = new GraphBuilder(capacity);
            for (var i = 0; i < 20; i++)
                builder.Leaf(GgmlType.F32, new Shape(1), $"{i}");
            return capacity;
        });
        Assert.Equal([3, 6, 12, 24], tried);
        Assert.Equal(24, made);
    }

    [Theory]
    [InlineData(1L << 16, 1L << 15)]
    [InlineData(1L << 31, 1)]
    public void A_tensor_that_a_kernel_cannot_count_is_an_exception_with_numbers(long ne0, long ne1)
    {
        using var builder = new GraphBuilder(8);
        var large = builder.Leaf(GgmlType.F32, new Shape(ne0, ne1), "large");
        foreach (var shape in new[] { new Shape(1), large.Shape })
        {
            var fault = Assert.Throws<NotSupportedException>(() => builder.Custom(new Nothing(), shape, large));
            Assert.Contains("2,147,483,648 elements, expected at most 2,147,483,647", fault.Message, StringComparison.Ordinal);
        }
        builder.Custom(new Nothing(), new Shape(1), builder.Leaf(GgmlType.F32, new Shape((1L << 31) - 1), "just right"));
    }

    [Fact]
    public void A_computation_ends_after_the_operation_at_which_it_is_cancelled()
    {
        using var source = new CancellationTokenSource();
        using var engine = new ComputeEngine(1);
        using var leaves = new GraphBuilder(4);
        using var builder = new GraphBuilder(16);
        var x = leaves.Leaf(GgmlType.F32, new Shape(4), "x");
        using var memory = engine.Allocate(leaves);
        var (first, later) = (new Counter(source.Cancel), new Counter(() => { }));
        var y = builder.Custom(later, x.Shape, builder.Custom(later, x.Shape, builder.Custom(first, x.Shape, x)));
        var graph = new ComputeGraph(builder, engine);
        graph.ScheduleOutput(y);
        using var allocator = engine.CreateAllocator();
        graph.Allocate(allocator);

        engine.CancelBy(source.Token);
        Assert.Throws<OperationCanceledException>(graph.Compute);
        Assert.Equal((1, 0), (first.Calls, later.Calls));
        engine.CancelBy(default);
        graph.Compute();
        Assert.Equal((2, 2), (first.Calls, later.Calls));
    }

    private sealed class Nothing : ITensorKernel
    {
        public void Compute(TensorPtr result, WorkQueue work)
        {
        }
    }

    private sealed class Counter(Action action) : ITensorKernel
    {
        public int Calls { get; private set; }

        public void Compute(TensorPtr result, WorkQueue work)
        {
            Calls++;
            action();
        }
    }
}
