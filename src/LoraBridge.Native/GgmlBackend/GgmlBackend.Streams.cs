using System.Runtime.InteropServices;
using System.Runtime.InteropServices.Marshalling;

namespace LoraBridge.Native;

/// <summary>Backends: a device opened for computation.</summary>
internal static partial class Ggml
{
    [LibraryImport(Library)]
    [return: MarshalUsing(typeof(BorrowedUtf8))]
    internal static partial string? ggml_backend_name(BackendPtr backend);

    [LibraryImport(Library)]
    internal static partial void ggml_backend_free(BackendPtr backend);

    [LibraryImport(Library)]
    internal static partial BufferTypePtr ggml_backend_get_default_buffer_type(BackendPtr backend);

    [LibraryImport(Library)]
    internal static partial BufferPtr ggml_backend_alloc_buffer(BackendPtr backend, nuint size);

    [LibraryImport(Library)]
    internal static partial nuint ggml_backend_get_alignment(BackendPtr backend);

    [LibraryImport(Library)]
    internal static partial nuint ggml_backend_get_max_size(BackendPtr backend);

    [LibraryImport(Library)]
    internal static partial void ggml_backend_synchronize(BackendPtr backend);

    [LibraryImport(Library)]
    internal static partial GgmlStatus ggml_backend_graph_compute(BackendPtr backend, GraphPtr cgraph);

    [LibraryImport(Library)]
    internal static partial GgmlStatus ggml_backend_graph_compute_async(BackendPtr backend, GraphPtr cgraph);

    [LibraryImport(Library)]
    [return: MarshalAs(UnmanagedType.U1)]
    internal static partial bool ggml_backend_supports_op(BackendPtr backend, TensorPtr @op);

    [LibraryImport(Library)]
    [return: MarshalAs(UnmanagedType.U1)]
    internal static partial bool ggml_backend_supports_buft(BackendPtr backend, BufferTypePtr buft);

    [LibraryImport(Library)]
    [return: MarshalAs(UnmanagedType.U1)]
    internal static partial bool ggml_backend_offload_op(BackendPtr backend, TensorPtr @op);

    [LibraryImport(Library)]
    internal static partial DevicePtr ggml_backend_get_device(BackendPtr backend);
}
