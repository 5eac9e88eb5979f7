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
    [return: MarshalAs(UnmanagedType.U1)]
    internal static partial bool ggml_backend_buft_is_host(BufferTypePtr buft);

    [LibraryImport(Library)]
    internal static partial void ggml_backend_buffer_free(BufferPtr buffer);

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
}
