using System.Diagnostics;
using static LoraBridge.Native.Ggml;

namespace LoraBridge.Training.Graphs;

/// <summary>One backend as a place to compute graphs: the CPU with its threads, or a device by itself.</summary>
internal class ComputeEngine : IDisposable
{
    private readonly BackendHandle _backend;
    private readonly AbortCallback _abort;
    private CancellationToken _cancellation;

    /// <summary>The CPU.</summary>
    /// <param name="threads">Threads to use; null takes the physical cores this process may use. More than that is far slower.</param>
    public ComputeEngine(int? threads = null) : this(CpuBackend.Open(threads)) { }

    /// <param name="backend">The backend, which is disposed with this.</param>
    public ComputeEngine(BackendHandle backend)
    {
        _backend = backend;
        _abort = new AbortCallback(() => _cancellation.IsCancellationRequested);
        Backends.SetAbortCallback(_backend, _abort);
    }

    /// <summary>From now on, computations end after the operation they are at when <paramref name="token"/> is cancelled.</summary>
    public void CancelBy(CancellationToken token) => _cancellation = token;

    /// <summary>Memory that operations use one after the other.</summary>
    public ScratchMemory Scratch { get; } = new();

    /// <summary>The backend.</summary>
    protected BackendHandle Host => _backend;

    /// <summary>What ends computations.</summary>
    protected CancellationToken Cancellation => _cancellation;

    /// <summary>Whether an operation can be computed here.</summary>
    public virtual bool Supports(TensorPtr node) => ggml_backend_supports_op(_backend.Pointer, node);

    /// <summary>Allocates the leaves made by <paramref name="builder"/> in the memory of the backend, filled with zeros.</summary>
    public BufferHandle Allocate(GraphBuilder builder) => Allocate(builder, _backend);

    /// <summary>An allocator for the intermediate results of graphs, which share its memory as far as their lifetimes allow.</summary>
    public GraphAllocatorHandle CreateAllocator() =>
        new(ggml_gallocr_new(ggml_backend_get_default_buffer_type(_backend.Pointer)), "No graph allocator.");

    /// <summary>Makes a recorded graph compute with the weights that are to be computed with here.</summary>
    public virtual TracedGraph Bind(TracedGraph graph) => graph;

    /// <inheritdoc cref="ComputeGraph.Allocate"/>
    public virtual bool Allocate(ComputeGraph graph, GraphAllocatorHandle allocator)
    {
        var before = ggml_gallocr_get_buffer_size(allocator.Pointer, 0);
        if (!ggml_gallocr_alloc_graph(allocator.Pointer, graph.Pointer))
            throw new NativeException($"No memory for the results of a graph of {graph.Count} operations.");
        return ggml_gallocr_get_buffer_size(allocator.Pointer, 0) != before;
    }

    /// <inheritdoc cref="ComputeGraph.Measure"/>
    public virtual ResultMemory Measure(ComputeGraph graph, GraphAllocatorHandle unused)
    {
        Span<nuint> sizes = stackalloc nuint[1];
        ggml_gallocr_reserve_n_size(unused.Pointer, graph.Pointer, default, default, sizes);
        return new ResultMemory((long)sizes[0], 0);
    }

    /// <exception cref="NativeException">The computation failed.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled (<see cref="CancelBy"/>); results are not complete.</exception>
    public virtual void Compute(ComputeGraph graph) => Compute(graph.Pointer);

    /// <summary>Computes the operations one by one.</summary>
    /// <param name="graph">What to compute.</param>
    /// <param name="record">Receives the place of each operation in the graph, and the seconds it took.</param>
    public virtual void Time(ComputeGraph graph, Action<int, double> record)
    {
        using var context = GgmlContexts.ForDescriptions(1, graphs: 1, graphSize: 1);
        var single = ggml_new_graph_custom(context.Pointer, 1, grads: false);
        for (var i = 0; i < graph.Count; i++)
        {
            ggml_graph_clear(single);
            ggml_graph_add_node(single, ggml_graph_node(graph.Pointer, i));
            var start = Stopwatch.GetTimestamp();
            Compute(single);
            record(i, Stopwatch.GetElapsedTime(start).TotalSeconds);
        }
    }

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    protected static BufferHandle Allocate(GraphBuilder builder, BackendHandle backend)
    {
        var buffer = Buffers.Allocate(builder.Handle, backend);
        ggml_backend_buffer_clear(buffer.Pointer, 0);
        return buffer;
    }

    protected virtual void Dispose(bool disposing)
    {
        _backend.Dispose();
        _abort.Dispose();
    }

    private protected void ThrowUnlessDone(GgmlStatus status, GraphPtr graph)
    {
        if (status == GgmlStatus.Aborted)
            throw new OperationCanceledException("The computation was cancelled.", _cancellation);
        if (status != GgmlStatus.Success)
            throw new NativeException($"Computing a graph of {ggml_graph_n_nodes(graph)} operations ended with {status}.");
    }

    private void Compute(GraphPtr graph)
    {
        _cancellation.ThrowIfCancellationRequested();
        ThrowUnlessDone(ggml_backend_graph_compute(_backend.Pointer, graph), graph);
    }
}
