using System.Runtime.InteropServices;

namespace LoraBridge.Native;

/// <summary>Allocation of graphs and contexts.</summary>
internal static partial class Ggml
{
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
