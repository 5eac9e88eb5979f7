using System.Runtime.InteropServices.Marshalling;
using System.Runtime.InteropServices;

namespace LoraBridge.Native;

/// <summary>Backends, devices, buffers, transfers and schedulers (<c>ggml-backend.h</c>, <c>ggml-alloc.h</c>).</summary>
internal static unsafe partial class Ggml
{
    [LibraryImport(RegistryLibrary)]
    internal static partial nuint ggml_backend_reg_count();

    [LibraryImport(RegistryLibrary)]
    internal static partial RegistryPtr ggml_backend_reg_get(nuint index);

    [LibraryImport(RegistryLibrary)]
    internal static partial nuint ggml_backend_dev_count();

    [LibraryImport(RegistryLibrary)]
    internal static partial DevicePtr ggml_backend_dev_get(nuint index);

    [LibraryImport(RegistryLibrary)]
    internal static partial DevicePtr ggml_backend_dev_by_type(GgmlBackendDeviceType type);

    [LibraryImport(RegistryLibrary, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial RegistryPtr ggml_backend_load(string? path);

    [LibraryImport(RegistryLibrary, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial void ggml_backend_load_all_from_path(string? dir_path);

    [LibraryImport(Library)]
    [return: MarshalUsing(typeof(BorrowedUtf8))]
    internal static partial string? ggml_backend_dev_name(DevicePtr device);

    [LibraryImport(Library)]
    internal static partial void ggml_backend_dev_memory(DevicePtr device, out nuint free, out nuint total);

    [LibraryImport(Library)]
    internal static partial GgmlBackendDeviceType ggml_backend_dev_type(DevicePtr device);

    [LibraryImport(Library)]
    internal static partial void ggml_backend_dev_get_props(DevicePtr device, GgmlBackendDeviceProps* props);

    [LibraryImport(Library)]
    internal static partial RegistryPtr ggml_backend_dev_backend_reg(DevicePtr device);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial BackendPtr ggml_backend_dev_init(DevicePtr device, string? @params);

    [LibraryImport(Library)]
    [return: MarshalUsing(typeof(BorrowedUtf8))]
    internal static partial string? ggml_backend_reg_name(RegistryPtr reg);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint ggml_backend_reg_get_proc_address(RegistryPtr reg, string? name);

    [LibraryImport(Library)]
    [return: MarshalUsing(typeof(BorrowedUtf8))]
    internal static partial string? ggml_backend_buft_name(BufferTypePtr buft);

    [LibraryImport(Library)]
    [return: MarshalAs(UnmanagedType.U1)]
    internal static partial bool ggml_backend_buft_is_host(BufferTypePtr buft);

    [LibraryImport(Library)]
    internal static partial void ggml_backend_buffer_free(BufferPtr buffer);

    [LibraryImport(Library)]
    internal static partial BufferTypePtr ggml_backend_buffer_get_type(BufferPtr buffer);

    [LibraryImport(Library)]
    internal static partial nint ggml_backend_buffer_get_base(BufferPtr buffer);

    [LibraryImport(Library)]
    internal static partial nuint ggml_backend_buffer_get_size(BufferPtr buffer);

    [LibraryImport(Library)]
    internal static partial nuint ggml_backend_buffer_get_alloc_size(BufferPtr buffer, TensorPtr tensor);

    [LibraryImport(Library)]
    internal static partial void ggml_backend_buffer_clear(BufferPtr buffer, byte value);

    [LibraryImport(Library)]
    internal static partial GgmlStatus ggml_backend_tensor_alloc(BufferPtr buffer, TensorPtr tensor, nint addr);

    [LibraryImport(Library)]
    internal static partial BufferPtr ggml_backend_cpu_buffer_from_ptr(nint ptr, nuint size);

    [LibraryImport(Library)]
    internal static partial BufferTypePtr ggml_backend_cpu_buffer_type();

    [LibraryImport(Library)]
    internal static partial void ggml_backend_tensor_set(TensorPtr tensor, void* data, nuint offset, nuint size);

    [LibraryImport(Library)]
    internal static partial void ggml_backend_tensor_get(TensorPtr tensor, void* data, nuint offset, nuint size);

    [LibraryImport(Library)]
    internal static partial void ggml_backend_tensor_copy(TensorPtr src, TensorPtr dst);

    /// <summary>Copies <paramref name="data"/> into <paramref name="tensor"/>, <paramref name="offset"/> bytes from its start.</summary>
    /// <exception cref="InvalidOperationException">The tensor is not allocated.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The tensor is too small.</exception>
    internal static void ggml_backend_tensor_set(TensorPtr tensor, ReadOnlySpan<byte> data, nuint offset = 0)
    {
        tensor.CheckTransfer(offset, (nuint)data.Length);
        fixed (byte* bytes = data)
            ggml_backend_tensor_set(tensor, bytes, offset, (nuint)data.Length);
    }

    /// <summary>Fills <paramref name="data"/> from <paramref name="tensor"/>, <paramref name="offset"/> bytes from its start.</summary>
    /// <exception cref="InvalidOperationException">The tensor is not allocated.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The tensor is too small.</exception>
    internal static void ggml_backend_tensor_get(TensorPtr tensor, Span<byte> data, nuint offset = 0)
    {
        tensor.CheckTransfer(offset, (nuint)data.Length);
        fixed (byte* bytes = data)
            ggml_backend_tensor_get(tensor, bytes, offset, (nuint)data.Length);
    }

    [LibraryImport(Library)]
    internal static partial void ggml_backend_free(BackendPtr backend);

    [LibraryImport(Library)]
    internal static partial BufferTypePtr ggml_backend_get_default_buffer_type(BackendPtr backend);

    [LibraryImport(Library)]
    internal static partial GgmlStatus ggml_backend_graph_compute(BackendPtr backend, GraphPtr cgraph);

    [LibraryImport(Library)]
    internal static partial DevicePtr ggml_backend_get_device(BackendPtr backend);

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
    internal static partial void ggml_backend_sched_reset(SchedulerPtr sched);

    [LibraryImport(Library)]
    internal static partial void ggml_backend_sched_reserve_size(SchedulerPtr sched, GraphPtr measure_graph, Span<nuint> sizes);

    [LibraryImport(Library)]
    internal static partial BackendPtr ggml_backend_sched_get_tensor_backend(SchedulerPtr sched, TensorPtr node);

    [LibraryImport(Library)]
    [return: MarshalAs(UnmanagedType.U1)]
    internal static partial bool ggml_backend_supports_op(BackendPtr backend, TensorPtr op);

    [LibraryImport(Library)]
    internal static partial void ggml_backend_sched_set_eval_callback(
        SchedulerPtr sched, delegate* unmanaged[Cdecl]<TensorPtr, byte, nint, byte> callback, nint user_data);

    [LibraryImport(Library)]
    internal static partial GraphAllocatorPtr ggml_gallocr_new(BufferTypePtr buft);

    [LibraryImport(Library)]
    internal static partial void ggml_gallocr_free(GraphAllocatorPtr galloc);

    [LibraryImport(Library)]
    internal static partial void ggml_gallocr_reserve_n_size(
        GraphAllocatorPtr galloc, GraphPtr graph, ReadOnlySpan<int> node_buffer_ids, ReadOnlySpan<int> leaf_buffer_ids,
        Span<nuint> sizes);

    [LibraryImport(Library)]
    [return: MarshalAs(UnmanagedType.U1)]
    internal static partial bool ggml_gallocr_alloc_graph(GraphAllocatorPtr galloc, GraphPtr graph);

    [LibraryImport(Library)]
    internal static partial nuint ggml_gallocr_get_buffer_size(GraphAllocatorPtr galloc, int buffer_id);

    [LibraryImport(Library)]
    internal static partial nuint ggml_backend_alloc_ctx_tensors_from_buft_size(GgmlContext ctx, BufferTypePtr buft);

    [LibraryImport(Library)]
    internal static partial BufferPtr ggml_backend_alloc_ctx_tensors_from_buft(GgmlContext ctx, BufferTypePtr buft);
}
