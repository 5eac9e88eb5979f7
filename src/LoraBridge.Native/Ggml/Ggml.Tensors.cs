using System.Runtime.InteropServices.Marshalling;
using System.Runtime.InteropServices;
using LoraBridge.Formats;

namespace LoraBridge.Native;

/// <summary>Contexts, tensors, element types and graphs, and the library as a whole (<c>ggml.h</c>).</summary>
internal static unsafe partial class Ggml
{
    [LibraryImport(Library)]
    internal static partial delegate* unmanaged[Cdecl]<byte*, void> ggml_set_abort_callback(
        delegate* unmanaged[Cdecl]<byte*, void> callback);

    [LibraryImport(Library)]
    [return: MarshalUsing(typeof(BorrowedUtf8))]
    internal static partial string? ggml_version();

    [LibraryImport(Library)]
    [return: MarshalUsing(typeof(BorrowedUtf8))]
    internal static partial string? ggml_commit();

    [LibraryImport(Library)]
    internal static partial void ggml_threadpool_params_init(out GgmlThreadpoolParams p, int n_threads);

    [LibraryImport(Library)]
    internal static partial void ggml_log_set(delegate* unmanaged[Cdecl]<GgmlLogLevel, byte*, nint, void> log_callback, nint user_data);

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

    [LibraryImport(Library)]
    internal static partial ushort ggml_fp32_to_fp16(float value);

    [LibraryImport(Library)]
    internal static partial void ggml_fp16_to_fp32_row(ReadOnlySpan<Half> source, Span<float> destination, long count);

    [LibraryImport(Library)]
    internal static partial void ggml_fp32_to_fp16_row(ReadOnlySpan<float> source, Span<Half> destination, long count);

    [LibraryImport(Library)]
    internal static partial float ggml_bf16_to_fp32(ushort bits);

    [LibraryImport(Library)]
    internal static partial void ggml_bf16_to_fp32_row(ReadOnlySpan<ushort> source, Span<float> destination, long count);

    [LibraryImport(Library)]
    internal static partial void ggml_fp32_to_bf16_row(ReadOnlySpan<float> source, Span<ushort> destination, long count);

    [LibraryImport(Library)]
    internal static partial long ggml_blck_size(GgmlType type);

    [LibraryImport(Library)]
    internal static partial nuint ggml_type_size(GgmlType type);

    [LibraryImport(Library)]
    internal static partial nuint ggml_row_size(GgmlType type, long ne);

    [LibraryImport(Library)]
    [return: MarshalUsing(typeof(BorrowedUtf8))]
    internal static partial string? ggml_type_name(GgmlType type);

    [LibraryImport(Library)]
    [return: MarshalUsing(typeof(BorrowedUtf8))]
    internal static partial string? ggml_op_name(GgmlOp @op);

    [LibraryImport(Library)]
    [return: MarshalUsing(typeof(BorrowedUtf8))]
    internal static partial string? ggml_unary_op_name(GgmlUnaryOp @op);

    [LibraryImport(Library)]
    [return: MarshalUsing(typeof(BorrowedUtf8))]
    internal static partial string? ggml_glu_op_name(GgmlGluOp @op);

    [LibraryImport(Library)]
    [return: MarshalAs(UnmanagedType.U1)]
    internal static partial bool ggml_is_quantized(GgmlType type);

    [LibraryImport(Library)]
    internal static partial GgmlTypeTraitsData* ggml_get_type_traits(GgmlType type);

    [LibraryImport(Library)]
    [return: MarshalUsing(typeof(BorrowedUtf8))]
    internal static partial string? ggml_op_desc(TensorPtr t);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_new_tensor_1d(GgmlContext ctx, GgmlType type, long ne0);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_new_tensor_2d(GgmlContext ctx, GgmlType type, long ne0, long ne1);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_new_tensor_4d(GgmlContext ctx, GgmlType type, long ne0, long ne1, long ne2, long ne3);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_dup_tensor(GgmlContext ctx, TensorPtr src);

    [LibraryImport(Library)]
    internal static partial nint ggml_get_data(TensorPtr tensor);

    [LibraryImport(Library)]
    [return: MarshalUsing(typeof(BorrowedUtf8))]
    internal static partial string? ggml_get_name(TensorPtr tensor);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial TensorPtr ggml_set_name(TensorPtr tensor, string? name);

    [LibraryImport(Library)]
    internal static partial void ggml_set_input(TensorPtr tensor);

    [LibraryImport(Library)]
    internal static partial void ggml_set_output(TensorPtr tensor);

    [LibraryImport(Library)]
    internal static partial void ggml_set_param(TensorPtr tensor);

    [LibraryImport(Library)]
    internal static partial long ggml_nelements(TensorPtr tensor);

    [LibraryImport(Library)]
    internal static partial nuint ggml_nbytes(TensorPtr tensor);

    [LibraryImport(Library)]
    [return: MarshalAs(UnmanagedType.U1)]
    internal static partial bool ggml_is_view(TensorPtr tensor);

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

    [LibraryImport(Library)]
    [return: MarshalAs(UnmanagedType.U1)]
    internal static partial bool ggml_quantize_requires_imatrix(GgmlType type);

    [LibraryImport(Library)]
    internal static partial nuint ggml_quantize_chunk(
        GgmlType type, ReadOnlySpan<float> src, void* dst, long start, long nrows, long n_per_row,
        ReadOnlySpan<float> imatrix);
}
