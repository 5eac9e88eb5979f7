using System.Diagnostics;
using LoraBridge.Native;
using static LoraBridge.Native.Ggml;

namespace LoraBridge.Graphs;

/// <summary>Operations in the order they are to be computed, with the memory for their results.</summary>
internal sealed class ComputeGraph(GraphBuilder builder, ComputeEngine engine)
{
    private readonly GraphPtr _graph = ggml_new_graph_custom(builder.Context, (nuint)builder.Capacity, grads: false);

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
    public bool Allocate(GraphAllocatorHandle allocator)
    {
        var before = ggml_gallocr_get_buffer_size(allocator.Pointer, 0);
        if (!ggml_gallocr_alloc_graph(allocator.Pointer, _graph))
            throw new NativeException($"No memory for the results of a graph of {ggml_graph_n_nodes(_graph)} operations.");
        return ggml_gallocr_get_buffer_size(allocator.Pointer, 0) != before;
    }

    /// <summary>Bytes that the results take; nothing is allocated.</summary>
    /// <param name="unused">An allocator that serves for this alone.</param>
    public long Measure(GraphAllocatorHandle unused)
    {
        Span<nuint> sizes = stackalloc nuint[1];
        ggml_gallocr_reserve_n_size(unused.Pointer, _graph, default, default, sizes);
        return (long)sizes[0];
    }

    /// <summary>Operations scheduled so far.</summary>
    public int Count => ggml_graph_n_nodes(_graph);

    /// <summary>Computes the operations one by one and takes their times; views, which compute nothing, are left out.</summary>
    public IReadOnlyList<OperationTime> Profile()
    {
        using var context = GgmlContexts.ForDescriptions(1, graphs: 1, graphSize: 1);
        var single = ggml_new_graph_custom(context.Pointer, 1, grads: false);
        var times = new List<OperationTime>();
        for (var i = 0; i < Count; i++)
        {
            var node = ggml_graph_node(_graph, i);
            if (node.IsView)
                continue;
            ggml_graph_clear(single);
            ggml_graph_add_node(single, node);
            var start = Stopwatch.GetTimestamp();
            engine.Compute(single);
            times.Add(new OperationTime(i, node, KindOf(node), Stopwatch.GetElapsedTime(start).TotalSeconds, OperationsOf(node)));
        }
        builder.ThrowIfKernelFaulted();
        return times;
    }

    public void Compute()
    {
        engine.Compute(_graph);
        builder.ThrowIfKernelFaulted();
    }

    private string KindOf(TensorPtr node)
    {
        if (builder.KernelOf(node) is { } kernel)
            return kernel.GetType().Name;
        var product = node.Op is GgmlOp.MulMat or GgmlOp.MulMatId;
        return product ? $"{ggml_op_desc(node)} {node.Source(0).Type}" : ggml_op_desc(node) ?? node.Op.ToString();
    }

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
/// <param name="Seconds">Time, with that of waking the threads.</param>
/// <param name="Operations">Floating-point operations, where it is a product.</param>
internal readonly record struct OperationTime(int Index, TensorPtr Node, string Kind, double Seconds, double Operations);
