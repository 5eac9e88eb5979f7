using LoraBridge.Formats;
using static LoraBridge.Native.Ggml;

namespace LoraBridge.Native.Tests;

/// <summary>A graph with one product, computed in the ways that a graph can be.</summary>
public sealed class GraphTests : IDisposable
{
    private readonly GgmlContextHandle _context = GgmlContexts.ForDescriptions(tensors: 16, graphs: 1, graphSize: 16);
    private readonly BackendHandle _backend = CpuBackend.Open(threads: 1);

    private GgmlContext Context => _context.Pointer;

    public void Dispose()
    {
        _backend.Dispose();
        _context.Dispose();
    }

    [Fact]
    public void Product_of_two_matrices()
    {
        var (a, b, product, graph) = Product();
        using var buffer = Buffers.Allocate(_context, _backend);
        Fill(a, b);

        Assert.Equal(GgmlStatus.Success, ggml_backend_graph_compute(_backend.Pointer, graph));
        Assert.Equal([321f, 654f], product.ToArray<float>());
        Assert.Equal(1, ggml_graph_n_nodes(graph));
        Assert.Equal(product, ggml_graph_node(graph, 0));
    }

    [Fact]
    public void Graph_allocator_gives_memory_to_a_graph()
    {
        var (a, b, product, graph) = Product();
        ggml_set_input(a);
        ggml_set_input(b);
        ggml_set_output(product);
        using var allocator = Schedulers.CreateAllocator(ggml_backend_get_default_buffer_type(_backend.Pointer));
        Assert.True(ggml_gallocr_alloc_graph(allocator.Pointer, graph));
        Fill(a, b);

        Assert.Equal(GgmlStatus.Success, ggml_backend_graph_compute(_backend.Pointer, graph));
        Assert.Equal([321f, 654f], product.ToArray<float>());
        Assert.True(ggml_gallocr_get_buffer_size(allocator.Pointer, 0) > 0);
    }

    [Fact]
    public void Threads_stay_between_computations()
    {
        using var backend = CpuBackend.Open(threads: 2);
        var threads = new System.Collections.Concurrent.ConcurrentBag<(int Part, int Thread)>();
        using var operation = new CustomOperation((_, part, _) => threads.Add((part, Environment.CurrentManagedThreadId)));
        var node = operation.CreateNode(Context, GgmlType.F32, [1], [ggml_new_tensor_1d(Context, GgmlType.F32, 1)]);
        var graph = ggml_new_graph_custom(Context, 16, grads: false);
        ggml_build_forward_expand(graph, node);
        using var buffer = Buffers.Allocate(_context, backend);
        for (var i = 0; i < 5; i++)
            Assert.Equal(GgmlStatus.Success, ggml_backend_graph_compute(backend.Pointer, graph));

        Assert.Equal(10, threads.Count);
        Assert.Equal(2, threads.Distinct().Count());
        Assert.Throws<ArgumentOutOfRangeException>(() => Backends.KeepThreads(backend, MaxThreads + 1));
    }

    [Fact]
    public void Custom_kernel_computes_a_node_and_its_exception_arrives()
    {
        var fail = false;
        using var operation = new CustomOperation((destination, part, parts) =>
        {
            if (fail)
                throw new FormatException("from the kernel");
            var values = destination.Source(0).ToArray<float>();
            destination.Set<float>([values[0] + values[1] + values[2] + 100 * parts + part]);
        });
        var a = ggml_new_tensor_1d(Context, GgmlType.F32, 3);
        var node = operation.CreateNode(Context, GgmlType.F32, [1], [a], tasks: 1);
        var graph = ggml_new_graph_custom(Context, 16, grads: false);
        ggml_build_forward_expand(graph, node);
        using var buffer = Buffers.Allocate(_context, _backend);
        a.Set<float>([1, 2, 3]);

        ggml_backend_graph_compute(_backend.Pointer, graph);
        operation.ThrowIfFaulted();
        Assert.Equal([106f], node.ToArray<float>());

        fail = true;
        ggml_backend_graph_compute(_backend.Pointer, graph);
        Assert.True(operation.IsFaulted);
        Assert.Equal("from the kernel", Assert.Throws<FormatException>(operation.ThrowIfFaulted).Message);
        operation.ThrowIfFaulted();
    }

    [Fact]
    public void Scheduler_shows_the_nodes()
    {
        var (a, b, product, graph) = Product();
        ggml_set_input(a);
        ggml_set_input(b);
        var seen = new List<(TensorPtr, bool)>();
        using var callback = new EvaluationCallback((tensor, ask) =>
        {
            seen.Add((tensor, ask));
            return true;
        });
        using var scheduler = Schedulers.Create([_backend], graphSize: 16);
        Schedulers.SetEvaluationCallback(scheduler, callback);
        Assert.True(ggml_backend_sched_alloc_graph(scheduler.Pointer, graph));
        Fill(a, b);

        Assert.Equal(GgmlStatus.Success, ggml_backend_sched_graph_compute(scheduler.Pointer, graph));
        Assert.Equal([(product, true), (product, false)], seen);
        Assert.Equal([321f, 654f], product.ToArray<float>());
    }

    /// <summary>Finalizers come in any order.</summary>
    [Fact]
    public void Scheduler_keeps_its_backends()
    {
        var (a, b, product, graph) = Product();
        ggml_set_input(a);
        ggml_set_input(b);
        var backend = CpuBackend.Open(threads: 1);
        var scheduler = Schedulers.Create([backend], graphSize: 16);
        backend.Dispose();
        Assert.True(ggml_backend_sched_alloc_graph(scheduler.Pointer, graph));
        Fill(a, b);
        Assert.Equal(GgmlStatus.Success, ggml_backend_sched_graph_compute(scheduler.Pointer, graph));
        Assert.Equal([321f, 654f], product.ToArray<float>());
        scheduler.Dispose();
        Assert.True(backend.IsClosed);
    }

    [Fact]
    public void Exception_of_a_tracing_callback_arrives()
    {
        var (a, b, _, graph) = Product();
        ggml_set_input(a);
        ggml_set_input(b);
        using var callback = new EvaluationCallback((_, _) => throw new FormatException("from the callback"));
        using var scheduler = Schedulers.Create([_backend], graphSize: 16);
        Schedulers.SetEvaluationCallback(scheduler, callback);
        Assert.True(ggml_backend_sched_alloc_graph(scheduler.Pointer, graph));

        ggml_backend_sched_graph_compute(scheduler.Pointer, graph);
        Assert.Throws<FormatException>(callback.ThrowIfFaulted);
    }

    [Fact]
    public void Abort_callback_ends_a_computation()
    {
        var (_, _, _, graph) = Product();
        using var buffer = Buffers.Allocate(_context, _backend);
        using var abort = new AbortCallback(() => true);
        Assert.True(Backends.SetAbortCallback(_backend, abort));

        Assert.Equal(GgmlStatus.Aborted, ggml_backend_graph_compute(_backend.Pointer, graph));
        Assert.True(Backends.SetAbortCallback(_backend, null));
        Assert.Equal(GgmlStatus.Success, ggml_backend_graph_compute(_backend.Pointer, graph));
    }

    [Fact]
    public void Scheduler_refuses_what_ggml_would_die_of()
    {
        Assert.Throws<ArgumentException>(() => Schedulers.Create([], graphSize: 16));
        Assert.Throws<ArgumentOutOfRangeException>(() => Schedulers.Create([_backend], graphSize: 0));
    }

    private (TensorPtr A, TensorPtr B, TensorPtr Product, GraphPtr Graph) Product()
    {
        var a = ggml_new_tensor_2d(Context, GgmlType.F32, 3, 2);
        var b = ggml_new_tensor_2d(Context, GgmlType.F32, 3, 1);
        var product = ggml_mul_mat(Context, a, b);
        var graph = ggml_new_graph_custom(Context, 16, grads: false);
        ggml_build_forward_expand(graph, product);
        return (a, b, product, graph);
    }

    private static void Fill(TensorPtr a, TensorPtr b)
    {
        a.Set<float>([1, 2, 3, 4, 5, 6]);
        b.Set<float>([1, 10, 100]);
    }
}
