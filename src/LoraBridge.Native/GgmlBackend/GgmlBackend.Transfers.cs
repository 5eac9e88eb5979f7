using System.Runtime.InteropServices;

namespace LoraBridge.Native;

/// <summary>Transfers between tensors and memory, and between tensors. Offsets and sizes are in bytes.</summary>
internal static unsafe partial class Ggml
{
    [LibraryImport(Library)]
    internal static partial void ggml_backend_tensor_copy(TensorPtr src, TensorPtr dst);

    [LibraryImport(Library)]
    internal static partial void ggml_backend_tensor_set_async(BackendPtr backend, TensorPtr tensor, void* data, nuint offset, nuint size);

    [LibraryImport(Library)]
    internal static partial void ggml_backend_tensor_get_async(BackendPtr backend, TensorPtr tensor, void* data, nuint offset, nuint size);

    [LibraryImport(Library)]
    internal static partial void ggml_backend_tensor_set_2d_async(
        BackendPtr backend, TensorPtr tensor, void* data, nuint offset, nuint size, nuint n_copies, nuint stride_tensor,
        nuint stride_data);

    [LibraryImport(Library)]
    internal static partial void ggml_backend_tensor_get_2d_async(
        BackendPtr backend, TensorPtr tensor, void* data, nuint offset, nuint size, nuint n_copies, nuint stride_tensor,
        nuint stride_data);

    [LibraryImport(Library)]
    internal static partial void ggml_backend_tensor_set(TensorPtr tensor, void* data, nuint offset, nuint size);

    [LibraryImport(Library)]
    internal static partial void ggml_backend_tensor_get(TensorPtr tensor, void* data, nuint offset, nuint size);

    [LibraryImport(Library)]
    internal static partial void ggml_backend_tensor_set_2d(
        TensorPtr tensor, void* data, nuint offset, nuint size, nuint n_copies, nuint stride_tensor, nuint stride_data);

    [LibraryImport(Library)]
    internal static partial void ggml_backend_tensor_get_2d(
        TensorPtr tensor, void* data, nuint offset, nuint size, nuint n_copies, nuint stride_tensor, nuint stride_data);

    [LibraryImport(Library)]
    internal static partial void ggml_backend_tensor_memset(TensorPtr tensor, byte value, nuint offset, nuint size);

    [LibraryImport(Library)]
    internal static partial void ggml_backend_tensor_copy_async(
        BackendPtr backend_src, BackendPtr backend_dst, TensorPtr src, TensorPtr dst);
}
