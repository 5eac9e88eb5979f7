using System.Runtime.InteropServices;

namespace LoraBridge.Native;

/// <summary>Computation graphs.</summary>
internal static partial class Ggml
{
    [LibraryImport(Library)]
    internal static partial void ggml_build_forward_expand(GraphPtr cgraph, TensorPtr tensor);

    [LibraryImport(Library)]
    internal static partial GraphPtr ggml_new_graph_custom(GgmlContext ctx, nuint size, [MarshalAs(UnmanagedType.U1)] bool grads);

    [LibraryImport(Library)]
    internal static partial void ggml_graph_clear(GraphPtr cgraph);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_graph_node(GraphPtr cgraph, int i);

    [LibraryImport(Library)]
    internal static partial int ggml_graph_n_nodes(GraphPtr cgraph);

    [LibraryImport(Library)]
    internal static partial void ggml_graph_add_node(GraphPtr cgraph, TensorPtr tensor);

    [LibraryImport(Library)]
    internal static partial nuint ggml_graph_overhead_custom(nuint size, [MarshalAs(UnmanagedType.U1)] bool grads);
}
