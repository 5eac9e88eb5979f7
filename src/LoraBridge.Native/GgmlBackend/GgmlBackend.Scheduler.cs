using System.Runtime.InteropServices;

namespace LoraBridge.Native;

/// <summary>The scheduler that spreads a graph over several backends.</summary>
internal static unsafe partial class Ggml
{
    [LibraryImport(Library)]
    internal static partial SchedulerPtr ggml_backend_sched_new(
        ReadOnlySpan<BackendPtr> backends, ReadOnlySpan<BufferTypePtr> bufts, int n_backends, nuint graph_size,
        [MarshalAs(UnmanagedType.U1)] bool parallel, [MarshalAs(UnmanagedType.U1)] bool op_offload);

    [LibraryImport(Library)]
    internal static partial void ggml_backend_sched_free(SchedulerPtr sched);

    [LibraryImport(Library)]
    internal static partial void ggml_backend_sched_reserve_size(SchedulerPtr sched, GraphPtr measure_graph, Span<nuint> sizes);

    [LibraryImport(Library)]
    [return: MarshalAs(UnmanagedType.U1)]
    internal static partial bool ggml_backend_sched_reserve(SchedulerPtr sched, GraphPtr measure_graph);

    [LibraryImport(Library)]
    internal static partial int ggml_backend_sched_get_n_backends(SchedulerPtr sched);

    [LibraryImport(Library)]
    internal static partial BackendPtr ggml_backend_sched_get_backend(SchedulerPtr sched, int i);

    [LibraryImport(Library)]
    internal static partial int ggml_backend_sched_get_n_splits(SchedulerPtr sched);

    [LibraryImport(Library)]
    internal static partial int ggml_backend_sched_get_n_copies(SchedulerPtr sched);

    [LibraryImport(Library)]
    internal static partial BufferTypePtr ggml_backend_sched_get_buffer_type(SchedulerPtr sched, BackendPtr backend);

    [LibraryImport(Library)]
    internal static partial nuint ggml_backend_sched_get_buffer_size(SchedulerPtr sched, BackendPtr backend);

    [LibraryImport(Library)]
    internal static partial void ggml_backend_sched_set_tensor_backend(SchedulerPtr sched, TensorPtr node, BackendPtr backend);

    [LibraryImport(Library)]
    internal static partial BackendPtr ggml_backend_sched_get_tensor_backend(SchedulerPtr sched, TensorPtr node);

    [LibraryImport(Library)]
    internal static partial void ggml_backend_sched_split_graph(SchedulerPtr sched, GraphPtr graph);

    [LibraryImport(Library)]
    [return: MarshalAs(UnmanagedType.U1)]
    internal static partial bool ggml_backend_sched_alloc_graph(SchedulerPtr sched, GraphPtr graph);

    [LibraryImport(Library)]
    internal static partial GgmlStatus ggml_backend_sched_graph_compute(SchedulerPtr sched, GraphPtr graph);

    [LibraryImport(Library)]
    internal static partial GgmlStatus ggml_backend_sched_graph_compute_async(SchedulerPtr sched, GraphPtr graph);

    [LibraryImport(Library)]
    internal static partial void ggml_backend_sched_synchronize(SchedulerPtr sched);

    [LibraryImport(Library)]
    internal static partial void ggml_backend_sched_reset(SchedulerPtr sched);

    [LibraryImport(Library)]
    internal static partial void ggml_backend_sched_set_eval_callback(
        SchedulerPtr sched, delegate* unmanaged[Cdecl]<TensorPtr, byte, nint, byte> callback, nint user_data);
}
