using System.Diagnostics;
using static LoraBridge.Native.Ggml;

namespace LoraBridge.Training.Graphs;

/// <summary>
/// Devices with the CPU beside them as a place to compute graphs. ggml's scheduler gives each operation to the device that holds its weights,
/// or to the first that can compute it, and to the CPU what no device can: managed kernels among that. It copies what one of them needs of another.
/// </summary>
/// <remarks>
/// One scheduler serves all graphs, one at a time: a graph that is computed after another one is placed again. A copy does not see what a
/// kernel writes into its sources, so that none may.
/// </remarks>
internal class DeviceEngine : ComputeEngine
{
    private readonly IReadOnlyList<DevicePtr> _pointers;
    private readonly List<BackendHandle> _devices = [];
    private readonly DeviceWeights _weights;
    private SchedulerHandle? _scheduler;
    private ComputeGraph? _placed;
    private int _capacity;
    private bool _hasComputed;

    /// <param name="devices">The devices, preferred ones first.</param>
    /// <param name="weights">Where the model's weights lie on them.</param>
    /// <param name="threads">Threads of what the CPU computes; null takes the physical cores this process may use.</param>
    /// <exception cref="NativeException">A device cannot be opened.</exception>
    public DeviceEngine(IReadOnlyList<DevicePtr> devices, DeviceWeights weights, int? threads = null) : base(threads)
    {
        ArgumentOutOfRangeException.ThrowIfZero(devices.Count);
        (_pointers, _weights) = (devices, weights);
        IsSoftware = devices.Any(device => DeviceProperties.Of(device).IsSoftware);
        // ROCm's and MUSA's backends are made of the same source.
        MultipliesOuter = devices.All(device => ggml_backend_reg_name(ggml_backend_dev_backend_reg(device)) is "CUDA" or "ROCm" or "MUSA");
        try
        {
            OpenDevices();
        }
        catch
        {
            Dispose();
            throw;
        }
        Names = [.. devices.Select(device => ggml_backend_dev_name(device) ?? "")];
    }

    /// <summary>Whether one of the devices is the processor in disguise.</summary>
    public bool IsSoftware { get; }

    /// <summary>Whether it is worth to find out by trying how products are computed fastest: on software it takes long, and its speed is nobody's concern.</summary>
    public virtual bool MeasuresProducts => !IsSoftware;

    /// <summary>
    /// Whether OUT_PROD is there what MUL_MAT is, with the other argument transposed: ggml's CUDA calls a library of products for both. Elsewhere each
    /// element is summed up by itself.
    /// </summary>
    public virtual bool MultipliesOuter { get; }

    /// <summary>What ggml calls the devices, such as <c>CUDA0</c>.</summary>
    public IReadOnlyList<string> Names { get; } = [];

    /// <summary>The weights of the model on the devices.</summary>
    public DeviceWeights Weights => _weights;

    /// <summary>
    /// Opens the first device once more, by itself: for graphs that need nothing else, and stay placed whatever else is computed on the device meanwhile.
    /// </summary>
    /// <exception cref="NativeException">It cannot be opened.</exception>
    public virtual ComputeEngine OpenAlone() => new(Backends.Open(_pointers[0]));

    /// <summary>Allocates the leaves made by <paramref name="builder"/> in the memory of the first device, filled with zeros.</summary>
    public BufferHandle AllocateOnDevice(GraphBuilder builder) => Allocate(builder, _devices[0]);

    /// <summary>Whether one of the devices can compute an operation.</summary>
    public override bool Supports(TensorPtr node) => _devices.Exists(device => ggml_backend_supports_op(device.Pointer, node));

    /// <summary>Whether the CPU computes an operation of the graph that was placed last.</summary>
    public bool IsOnHost(TensorPtr node) => ggml_backend_sched_get_tensor_backend(_scheduler!.Pointer, node) == Host.Pointer;

    public override TracedGraph Bind(TracedGraph graph) => _weights.Bind(graph);

    /// <returns>False: graphs that were placed before are placed again when they are computed.</returns>
    /// <inheritdoc/>
    public override bool Allocate(ComputeGraph graph, GraphAllocatorHandle allocator)
    {
        Reset(graph);
        NativeLog.Clear();
        if (!ggml_backend_sched_alloc_graph(_scheduler!.Pointer, graph.Pointer))
            throw new NativeException($"No memory on {string.Join(", ", Names)} for the results of a graph of {graph.Count} operations.");
        _placed = graph;
        return false;
    }

    public override ResultMemory Measure(ComputeGraph graph, GraphAllocatorHandle unused)
    {
        Reset(graph);
        var sizes = new nuint[_devices.Count + 1];
        ggml_backend_sched_reserve_size(_scheduler!.Pointer, graph.Pointer, sizes);
        graph.Unplaced.Restore();
        // It knows the plan of the graph now, but has no memory for it, and would end the process if the graph were placed by that plan.
        DropScheduler();
        return new ResultMemory((long)sizes[^1], sizes[..^1].Sum(size => (long)size));
    }

    /// <summary>Ends early in what the CPU computes only: what a device has begun it finishes.</summary>
    /// <inheritdoc/>
    public override void Compute(ComputeGraph graph)
    {
        Cancellation.ThrowIfCancellationRequested();
        if (_placed != graph)
            Allocate(graph, default!);
        _hasComputed = true;
        ThrowUnlessDone(ggml_backend_sched_graph_compute(_scheduler!.Pointer, graph.Pointer), graph.Pointer);
        Cancellation.ThrowIfCancellationRequested();
    }

    /// <summary>Makes the devices finish each operation before the next one begins: together they would be faster than their times add up to.</summary>
    /// <inheritdoc/>
    public override void Time(ComputeGraph graph, Action<int, double> record)
    {
        var places = graph.Nodes.Index().ToDictionary(node => node.Item, node => node.Index);
        if (_placed != graph)
            Allocate(graph, default!);
        var start = 0L;
        using var callback = new EvaluationCallback((node, ask) =>
        {
            if (ask)
                start = Stopwatch.GetTimestamp();
            else if (places.TryGetValue(node, out var place))
                record(place, Stopwatch.GetElapsedTime(start).TotalSeconds);
            return true;
        });
        Schedulers.SetEvaluationCallback(_scheduler!, callback);
        try
        {
            Compute(graph);
        }
        finally
        {
            Schedulers.SetEvaluationCallback(_scheduler!, null);
        }
        callback.ThrowIfFaulted();
    }

    protected override void Dispose(bool disposing)
    {
        CloseDevices();
        base.Dispose(disposing);
    }

    private void OpenDevices()
    {
        foreach (var device in _pointers)
            _devices.Add(Backends.Open(device));
    }

    private void DropScheduler()
    {
        _scheduler?.Dispose();
        (_scheduler, _placed, _capacity) = (null, null, 0);
    }

    private void CloseDevices()
    {
        DropScheduler();
        foreach (var device in _devices)
            device.Dispose();
        _devices.Clear();
    }

    /// <summary>Takes the scheduler from the graph that it placed last, for another one.</summary>
    private void Reset(ComputeGraph graph)
    {
        _placed = null;
        graph.Unplaced.Restore();
        // ggml describes the memory of each operation to Vulkan in a slot with room for twelve buffers, and fills those that the operation takes. The
        // others keep what an operation of an earlier graph left there, whose memory may be gone. Drivers leave alone what an operation does not use;
        // Mesa's software, 22.3 at least, counts references to it, in freed memory. New slots have nothing to keep.
        if (IsSoftware && _hasComputed)
        {
            CloseDevices();
            OpenDevices();
            _hasComputed = false;
        }
        var tensors = graph.Unplaced.NodeCount + graph.Unplaced.LeafCount;
        if (tensors > _capacity)
        {
            DropScheduler();
            _capacity = tensors + tensors / 4;
            _scheduler = Schedulers.Create([.. _devices, Host], _capacity);
        }
        ggml_backend_sched_reset(_scheduler!.Pointer);
    }
}
