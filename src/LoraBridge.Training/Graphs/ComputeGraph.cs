using System.Diagnostics;
using static LoraBridge.Native.Ggml;

namespace LoraBridge.Training.Graphs;

/// <summary>Operations in the order they are to be computed, with the memory for their results.</summary>
internal sealed class ComputeGraph(GraphBuilder builder, ComputeEngine engine)
{
    private readonly GraphPtr _graph = ggml_new_graph_custom(builder.Context, (nuint)builder.Capacity, grads: false);
    private GraphState? _unplaced;

    public GraphPtr Pointer => _graph;

    /// <summary>The graph as it was scheduled, for an engine that changes it where it places it.</summary>
    public GraphState Unplaced => _unplaced ??= new GraphState(_graph);

    /// <summary>Adds <paramref name="tensor"/> and everything it needs that is not scheduled yet.</summary>
    public void Schedule(TensorPtr tensor) => ggml_build_forward_expand(_graph, tensor);

    /// <summary>Schedules <paramref name="tensor"/> and keeps its value until the next run.</summary>
    public void ScheduleOutput(TensorPtr tensor)
    {
        ggml_set_output(tensor);
        Schedule(tensor);
    }

    /// <summary>Places all results in the memory of <paramref name="allocator"/>; to be repeated when another graph used it meanwhile.</summary>
    /// <returns>Whether the allocator took more memory: graphs that used it before must not be computed any more.</returns>
    /// <exception cref="NativeException">There is not enough memory.</exception>
    public bool Allocate(GraphAllocatorHandle allocator) => engine.Allocate(this, allocator);

    /// <summary>The memory that the results take; nothing is allocated.</summary>
    /// <param name="unused">An allocator that serves for this alone.</param>
    public ResultMemory Measure(GraphAllocatorHandle unused) => engine.Measure(this, unused);

    /// <summary>The operations scheduled so far.</summary>
    public IEnumerable<TensorPtr> Nodes => Enumerable.Range(0, Count).Select(i => ggml_graph_node(_graph, i));

    /// <summary>How many operations are scheduled so far.</summary>
    public int Count => ggml_graph_n_nodes(_graph);

    /// <summary>Computes the operations one by one and takes their times; views, which compute nothing, are left out.</summary>
    /// <remarks>
    /// On its own, an operation costs the waking of all threads: what a view takes, which is subtracted. The whole is done several
    /// times, and the least counts: what else the machine does can only add to it.
    /// </remarks>
    public IReadOnlyList<OperationTime> Profile()
    {
        const int Passes = 5;
        var seconds = new double[Count];
        Array.Fill(seconds, double.PositiveInfinity);
        for (var pass = 0; pass < Passes; pass++)
        {
            builder.Start(engine.Scratch);
            engine.Time(this, (node, time) => seconds[node] = Math.Min(seconds[node], time));
        }
        builder.ThrowIfKernelFaulted();

        var nodes = Nodes.ToList();
        var waking = seconds.Where((_, i) => nodes[i].IsView).DefaultIfEmpty(0).Min();
        return [.. nodes.Index().Where(node => !node.Item.IsView).Select(node => new OperationTime(
            node.Index, node.Item, KindOf(node.Item), Math.Max(0, seconds[node.Index] - waking), OperationsOf(node.Item)))];
    }

    public void Compute()
    {
        builder.Start(engine.Scratch);
        engine.Compute(this);
        builder.ThrowIfKernelFaulted();
    }

    /// <summary>Computes all operations once, and then so many times that the least of their times is how fast that can be.</summary>
    /// <returns>Seconds.</returns>
    public double LeastSeconds(int repetitions)
    {
        Compute();
        return Enumerable.Range(0, repetitions).Min(_ =>
        {
            var start = Stopwatch.GetTimestamp();
            Compute();
            return Stopwatch.GetElapsedTime(start).TotalSeconds;
        });
    }

    /// <summary>ggml's name for an operation with the type of its weights, or the name of our kernel.</summary>
    public string KindOf(TensorPtr node) => builder.KernelOf(node)?.Name ?? node.OperationName;

    private double OperationsOf(TensorPtr node) => node.Op switch
    {
        GgmlOp.MulMat or GgmlOp.MulMatId => 2.0 * node.Source(0).Ne(0) * node.ElementCount,
        _ => builder.KernelOf(node) is IProductKernel product ? product.Operations(node) : 0,
    };
}

/// <summary>What one operation took.</summary>
/// <param name="Index">Its place in the graph.</param>
/// <param name="Node">Its result.</param>
/// <param name="Kind">ggml's name for it with the type of its weights, or the name of our kernel.</param>
/// <param name="Seconds">Time, without that of waking the threads.</param>
/// <param name="Operations">Floating-point operations, where it is a product.</param>
internal readonly record struct OperationTime(int Index, TensorPtr Node, string Kind, double Seconds, double Operations);

/// <summary>The memory that results of a graph take, in bytes.</summary>
/// <param name="Host">In host memory.</param>
/// <param name="Devices">On devices.</param>
internal readonly record struct ResultMemory(long Host, long Devices);
