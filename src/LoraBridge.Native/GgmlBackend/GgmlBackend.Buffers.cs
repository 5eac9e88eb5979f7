using System.Runtime.InteropServices;
using System.Runtime.InteropServices.Marshalling;

namespace LoraBridge.Native;

/// <summary>Buffers and buffer types.</summary>
internal static partial class Ggml
{
    [LibraryImport(Library)]
    [return: MarshalUsing(typeof(BorrowedUtf8))]
    internal static partial string? ggml_backend_buft_name(BufferTypePtr buft);

    [LibraryImport(Library)]
    internal static partial BufferPtr ggml_backend_buft_alloc_buffer(BufferTypePtr buft, nuint size);

    [LibraryImport(Library)]
    internal static partial nuint ggml_backend_buft_get_alignment(BufferTypePtr buft);

    [LibraryImport(Library)]
    internal static partial nuint ggml_backend_buft_get_max_size(BufferTypePtr buft);

    [LibraryImport(Library)]
    internal static partial nuint ggml_backend_buft_get_alloc_size(BufferTypePtr buft, TensorPtr tensor);

    [LibraryImport(Library)]
    [return: MarshalAs(UnmanagedType.U1)]
    internal static partial bool ggml_backend_buft_is_host(BufferTypePtr buft);

    [LibraryImport(Library)]
    internal static partial DevicePtr ggml_backend_buft_get_device(BufferTypePtr buft);

    [LibraryImport(Library)]
    [return: MarshalUsing(typeof(BorrowedUtf8))]
    internal static partial string? ggml_backend_buffer_name(BufferPtr buffer);

    [LibraryImport(Library)]
    internal static partial void ggml_backend_buffer_free(BufferPtr buffer);

    [LibraryImport(Library)]
    internal static partial nint ggml_backend_buffer_get_base(BufferPtr buffer);

    [LibraryImport(Library)]
    internal static partial nuint ggml_backend_buffer_get_size(BufferPtr buffer);

    [LibraryImport(Library)]
    internal static partial GgmlStatus ggml_backend_buffer_init_tensor(BufferPtr buffer, TensorPtr tensor);

    [LibraryImport(Library)]
    internal static partial nuint ggml_backend_buffer_get_alignment(BufferPtr buffer);

    [LibraryImport(Library)]
    internal static partial nuint ggml_backend_buffer_get_max_size(BufferPtr buffer);

    [LibraryImport(Library)]
    internal static partial nuint ggml_backend_buffer_get_alloc_size(BufferPtr buffer, TensorPtr tensor);

    [LibraryImport(Library)]
    internal static partial void ggml_backend_buffer_clear(BufferPtr buffer, byte value);

    [LibraryImport(Library)]
    [return: MarshalAs(UnmanagedType.U1)]
    internal static partial bool ggml_backend_buffer_is_host(BufferPtr buffer);

    [LibraryImport(Library)]
    internal static partial void ggml_backend_buffer_set_usage(BufferPtr buffer, GgmlBackendBufferUsage usage);

    [LibraryImport(Library)]
    internal static partial GgmlBackendBufferUsage ggml_backend_buffer_get_usage(BufferPtr buffer);

    [LibraryImport(Library)]
    internal static partial BufferTypePtr ggml_backend_buffer_get_type(BufferPtr buffer);

    [LibraryImport(Library)]
    internal static partial void ggml_backend_buffer_reset(BufferPtr buffer);

    [LibraryImport(Library)]
    internal static partial GgmlStatus ggml_backend_tensor_alloc(BufferPtr buffer, TensorPtr tensor, nint addr);

    [LibraryImport(Library)]
    internal static partial GgmlStatus ggml_backend_view_init(TensorPtr tensor);

    [LibraryImport(Library)]
    internal static partial BufferPtr ggml_backend_cpu_buffer_from_ptr(nint ptr, nuint size);

    [LibraryImport(Library)]
    internal static partial BufferTypePtr ggml_backend_cpu_buffer_type();
}
