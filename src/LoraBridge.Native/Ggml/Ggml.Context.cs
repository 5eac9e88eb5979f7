using System.Runtime.InteropServices;

namespace LoraBridge.Native;

/// <summary>Contexts: the arenas that hold tensor descriptions and graphs.</summary>
internal static partial class Ggml
{
    [LibraryImport(Library)]
    internal static partial nuint ggml_tensor_overhead();

    [LibraryImport(Library)]
    internal static partial GgmlContext ggml_init(GgmlInitParams @params);

    [LibraryImport(Library)]
    internal static partial void ggml_free(GgmlContext ctx);

    [LibraryImport(Library)]
    [return: MarshalAs(UnmanagedType.U1)]
    internal static partial bool ggml_get_no_alloc(GgmlContext ctx);

    [LibraryImport(Library)]
    internal static partial void ggml_set_no_alloc(GgmlContext ctx, [MarshalAs(UnmanagedType.U1)] bool no_alloc);

    [LibraryImport(Library)]
    internal static partial nuint ggml_get_mem_size(GgmlContext ctx);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_get_first_tensor(GgmlContext ctx);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_get_next_tensor(GgmlContext ctx, TensorPtr tensor);
}
