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
    [return: MarshalAs(UnmanagedType.U1)]
    internal static partial bool ggml_backend_sched_alloc_graph(SchedulerPtr sched, GraphPtr graph);

    [LibraryImport(Library)]
    internal static partial GgmlStatus ggml_backend_sched_graph_compute(SchedulerPtr sched, GraphPtr graph);

    [LibraryImport(Library)]
    internal static partial void ggml_backend_sched_set_eval_callback(
        SchedulerPtr sched, delegate* unmanaged[Cdecl]<TensorPtr, byte, nint, byte> callback, nint user_data);
}
