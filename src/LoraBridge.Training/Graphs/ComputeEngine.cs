using LoraBridge.Native;
using static LoraBridge.Native.Ggml;

namespace LoraBridge.Training.Graphs;

/// <summary>The CPU as a place to compute graphs: a backend with its threads.</summary>
internal sealed class ComputeEngine : IDisposable
{
    private readonly BackendHandle _backend;
    private readonly AbortCallback _abort;
    private CancellationToken _cancellation;

    /// <param name="threads">Threads to use; null takes the physical cores this process may use. More than that is far slower.</param>
    public ComputeEngine(int? threads = null)
    {
        _backend = CpuBackend.Open(threads);
        _abort = new AbortCallback(() => _cancellation.IsCancellationRequested);
        Backends.SetAbortCallback(_backend, _abort);
    }

    /// <summary>From now on, computations end after the operation they are at when <paramref name="token"/> is cancelled.</summary>
    public void CancelBy(CancellationToken token) => _cancellation = token;

    /// <summary>Memory that operations use one after the other.</summary>
    public ScratchMemory Scratch { get; } = new();

    /// <summary>Allocates the leaves made by <paramref name="builder"/>, filled with zeros.</summary>
    public BufferHandle Allocate(GraphBuilder builder)
    {
        var buffer = Buffers.Allocate(builder.Handle, _backend);
        ggml_backend_buffer_clear(buffer.Pointer, 0);
        return buffer;
    }

    /// <summary>An allocator for the intermediate results of graphs, which share its memory as far as their lifetimes allow.</summary>
    public GraphAllocatorHandle CreateAllocator() =>
        new(ggml_gallocr_new(ggml_backend_get_default_buffer_type(_backend.Pointer)), "No graph allocator.");

    /// <exception cref="NativeException">The computation failed.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled (<see cref="CancelBy"/>); results are not complete.</exception>
    public void Compute(GraphPtr graph)
    {
        _cancellation.ThrowIfCancellationRequested();
        var status = ggml_backend_graph_compute(_backend.Pointer, graph);
        if (status == GgmlStatus.Aborted)
            throw new OperationCanceledException("The computation was cancelled.", _cancellation);
        if (status != GgmlStatus.Success)
            throw new NativeException($"Computing a graph of {ggml_graph_n_nodes(graph)} operations ended with {status}.");
    }

    public void Dispose()
    {
        _backend.Dispose();
        _abort.Dispose();
    }
}
