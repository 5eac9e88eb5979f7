using System.Runtime.InteropServices;

namespace LoraBridge.Native;

/// <summary>Computation graphs.</summary>
internal static partial class Ggml
{
    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_build_forward_select(GraphPtr cgraph, ReadOnlySpan<TensorPtr> tensors, int n_tensors, int idx);

    [LibraryImport(Library)]
    internal static partial void ggml_build_forward_expand(GraphPtr cgraph, TensorPtr tensor);

    [LibraryImport(Library)]
    internal static partial void ggml_build_forward_order(GraphPtr cgraph, TensorPtr tensor);

    [LibraryImport(Library)]
    internal static partial void ggml_build_backward_expand(GgmlContext ctx, GraphPtr cgraph, ReadOnlySpan<TensorPtr> grad_accs);

    [LibraryImport(Library)]
    internal static partial GraphPtr ggml_new_graph(GgmlContext ctx);

    [LibraryImport(Library)]
    internal static partial GraphPtr ggml_new_graph_custom(GgmlContext ctx, nuint size, [MarshalAs(UnmanagedType.U1)] bool grads);

    [LibraryImport(Library)]
    internal static partial GraphPtr ggml_graph_dup(GgmlContext ctx, GraphPtr cgraph, [MarshalAs(UnmanagedType.U1)] bool force_grads);

    [LibraryImport(Library)]
    internal static partial void ggml_graph_cpy(GraphPtr src, GraphPtr dst);

    [LibraryImport(Library)]
    internal static partial void ggml_graph_reset(GraphPtr cgraph);

    [LibraryImport(Library)]
    internal static partial void ggml_graph_clear(GraphPtr cgraph);

    [LibraryImport(Library)]
    internal static partial int ggml_graph_size(GraphPtr cgraph);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_graph_node(GraphPtr cgraph, int i);

    [LibraryImport(Library)]
    internal static partial int ggml_graph_n_nodes(GraphPtr cgraph);

    [LibraryImport(Library)]
    internal static partial void ggml_graph_add_node(GraphPtr cgraph, TensorPtr tensor);

    [LibraryImport(Library)]
    internal static partial nuint ggml_graph_overhead();

    [LibraryImport(Library)]
    internal static partial nuint ggml_graph_overhead_custom(nuint size, [MarshalAs(UnmanagedType.U1)] bool grads);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial TensorPtr ggml_graph_get_tensor(GraphPtr cgraph, string? name);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_graph_get_grad(GraphPtr cgraph, TensorPtr node);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_graph_get_grad_acc(GraphPtr cgraph, TensorPtr node);
}
