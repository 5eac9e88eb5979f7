using System.Runtime.InteropServices;

namespace LoraBridge.Native;

/// <summary>Transfers between tensors and memory, and between tensors. Offsets and sizes are in bytes.</summary>
internal static unsafe partial class Ggml
{
    [LibraryImport(Library)]
    internal static partial void ggml_backend_tensor_set(TensorPtr tensor, void* data, nuint offset, nuint size);

    [LibraryImport(Library)]
    internal static partial void ggml_backend_tensor_get(TensorPtr tensor, void* data, nuint offset, nuint size);
}
