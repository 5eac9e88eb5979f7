using System.Runtime.InteropServices;
using System.Runtime.InteropServices.Marshalling;

namespace LoraBridge.Native;

/// <summary>Backends: a device opened for computation.</summary>
internal static partial class Ggml
{
    [LibraryImport(Library)]
    internal static partial void ggml_backend_free(BackendPtr backend);

    [LibraryImport(Library)]
    internal static partial BufferTypePtr ggml_backend_get_default_buffer_type(BackendPtr backend);

    [LibraryImport(Library)]
    internal static partial GgmlStatus ggml_backend_graph_compute(BackendPtr backend, GraphPtr cgraph);

    [LibraryImport(Library)]
    internal static partial DevicePtr ggml_backend_get_device(BackendPtr backend);
}
