using System.Runtime.InteropServices;
using System.Runtime.InteropServices.Marshalling;

namespace LoraBridge.Native;

/// <summary>Element types, their sizes and names, and conversions of 16-bit floats.</summary>
internal static unsafe partial class Ggml
{
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
    internal static partial long ggml_blck_size(GgmlTensorType type);

    [LibraryImport(Library)]
    internal static partial nuint ggml_type_size(GgmlTensorType type);

    [LibraryImport(Library)]
    internal static partial nuint ggml_row_size(GgmlTensorType type, long ne);

    [LibraryImport(Library)]
    [return: MarshalUsing(typeof(BorrowedUtf8))]
    internal static partial string? ggml_type_name(GgmlTensorType type);

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
    internal static partial bool ggml_is_quantized(GgmlTensorType type);

    [LibraryImport(Library)]
    internal static partial GgmlTypeTraitsData* ggml_get_type_traits(GgmlTensorType type);
}
