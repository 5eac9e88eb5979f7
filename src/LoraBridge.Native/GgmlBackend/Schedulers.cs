using static LoraBridge.Native.Ggml;

namespace LoraBridge.Native;

/// <summary>Makes what allocates and runs graphs.</summary>
internal static unsafe class Schedulers
{
    /// <summary>Backends that one scheduler can hold.</summary>
    internal const int MaxBackends = 16;

    /// <summary>A scheduler over <paramref name="backends"/>, preferred ones first, the CPU last.</summary>
    /// <param name="backends">They are freed after the scheduler, whenever they are disposed.</param>
    /// <param name="graphSize">Most nodes of a graph.</param>
    /// <param name="offloadOperations">Let a device compute large products of weights that lie in host memory.</param>
    internal static SchedulerHandle Create(IReadOnlyList<BackendHandle> backends, int graphSize, bool offloadOperations = false)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(graphSize);
        if (backends.Count is < 1 or > MaxBackends)
            throw new ArgumentException($"A scheduler has 1 to {MaxBackends} backends; found {backends.Count}.", nameof(backends));
        if (ggml_backend_dev_type(ggml_backend_get_device(backends[^1].Pointer)) != GgmlBackendDeviceType.Cpu)
            throw new ArgumentException("The last backend of a scheduler must be the CPU.", nameof(backends));
        BackendPtr[] pointers = [.. backends.Select(backend => backend.Pointer)];
        NativeLog.Clear();
        return new SchedulerHandle(
            ggml_backend_sched_new(pointers, default, pointers.Length, (nuint)graphSize, parallel: false, offloadOperations), backends,
            "A scheduler could not be created.");
    }

    /// <summary>Shows the nodes of the graphs that <paramref name="scheduler"/> computes to <paramref name="callback"/>; null to none.</summary>
    internal static void SetEvaluationCallback(SchedulerHandle scheduler, EvaluationCallback? callback) =>
        ggml_backend_sched_set_eval_callback(
            scheduler.Pointer, callback is null ? null : EvaluationCallback.Function, callback?.UserData ?? 0);

    /// <summary>An allocator of the intermediate tensors of graphs, in memory of <paramref name="type"/>.</summary>
    internal static GraphAllocatorHandle CreateAllocator(BufferTypePtr type) =>
        new(ggml_gallocr_new(type), "A graph allocator could not be created.");
}
