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
    /// <exception cref="NativeException">There is not enough memory.</exception>
    public void Allocate(GraphAllocatorHandle allocator)
    {
        if (!ggml_gallocr_alloc_graph(allocator.Pointer, _graph))
            throw new NativeException($"No memory for the results of a graph of {ggml_graph_n_nodes(_graph)} operations.");
    }

    public void Compute()
    {
        engine.Compute(_graph);
        builder.ThrowIfKernelFaulted();
    }
}
