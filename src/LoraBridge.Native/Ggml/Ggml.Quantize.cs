using System.Runtime.InteropServices;

namespace LoraBridge.Native;

/// <summary>Quantisation of rows.</summary>
internal static unsafe partial class Ggml
{
    [LibraryImport(Library)]
    [return: MarshalAs(UnmanagedType.U1)]
    internal static partial bool ggml_quantize_requires_imatrix(GgmlTensorType type);

    [LibraryImport(Library)]
    internal static partial nuint ggml_quantize_chunk(
        GgmlTensorType type, ReadOnlySpan<float> src, void* dst, long start, long nrows, long n_per_row,
        ReadOnlySpan<float> imatrix);
}
