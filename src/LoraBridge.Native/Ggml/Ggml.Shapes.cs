using System.Runtime.InteropServices;

namespace LoraBridge.Native;

/// <summary>Questions about the shape and layout of a tensor.</summary>
internal static partial class Ggml
{
    [LibraryImport(Library)]
    internal static partial long ggml_nelements(TensorPtr tensor);

    [LibraryImport(Library)]
    internal static partial long ggml_nrows(TensorPtr tensor);

    [LibraryImport(Library)]
    internal static partial nuint ggml_nbytes(TensorPtr tensor);

    [LibraryImport(Library)]
    internal static partial nuint ggml_nbytes_pad(TensorPtr tensor);

    [LibraryImport(Library)]
    internal static partial nuint ggml_element_size(TensorPtr tensor);

    [LibraryImport(Library)]
    [return: MarshalAs(UnmanagedType.U1)]
    internal static partial bool ggml_is_transposed(TensorPtr tensor);

    [LibraryImport(Library)]
    [return: MarshalAs(UnmanagedType.U1)]
    internal static partial bool ggml_is_permuted(TensorPtr tensor);

    [LibraryImport(Library)]
    [return: MarshalAs(UnmanagedType.U1)]
    internal static partial bool ggml_is_empty(TensorPtr tensor);

    [LibraryImport(Library)]
    [return: MarshalAs(UnmanagedType.U1)]
    internal static partial bool ggml_is_view(TensorPtr tensor);

    [LibraryImport(Library)]
    [return: MarshalAs(UnmanagedType.U1)]
    internal static partial bool ggml_is_scalar(TensorPtr tensor);

    [LibraryImport(Library)]
    [return: MarshalAs(UnmanagedType.U1)]
    internal static partial bool ggml_is_vector(TensorPtr tensor);

    [LibraryImport(Library)]
    [return: MarshalAs(UnmanagedType.U1)]
    internal static partial bool ggml_is_matrix(TensorPtr tensor);

    [LibraryImport(Library)]
    [return: MarshalAs(UnmanagedType.U1)]
    internal static partial bool ggml_is_3d(TensorPtr tensor);

    [LibraryImport(Library)]
    internal static partial int ggml_n_dims(TensorPtr tensor);

    [LibraryImport(Library)]
    [return: MarshalAs(UnmanagedType.U1)]
    internal static partial bool ggml_is_contiguous(TensorPtr tensor);

    [LibraryImport(Library)]
    [return: MarshalAs(UnmanagedType.U1)]
    internal static partial bool ggml_is_contiguous_0(TensorPtr tensor);

    [LibraryImport(Library)]
    [return: MarshalAs(UnmanagedType.U1)]
    internal static partial bool ggml_is_contiguous_1(TensorPtr tensor);

    [LibraryImport(Library)]
    [return: MarshalAs(UnmanagedType.U1)]
    internal static partial bool ggml_is_contiguous_2(TensorPtr tensor);

    [LibraryImport(Library)]
    [return: MarshalAs(UnmanagedType.U1)]
    internal static partial bool ggml_is_contiguous_to_1(TensorPtr tensor);

    [LibraryImport(Library)]
    [return: MarshalAs(UnmanagedType.U1)]
    internal static partial bool ggml_is_contiguous_to_2(TensorPtr tensor);

    [LibraryImport(Library)]
    [return: MarshalAs(UnmanagedType.U1)]
    internal static partial bool ggml_is_contiguous_to_3(TensorPtr tensor);

    [LibraryImport(Library)]
    [return: MarshalAs(UnmanagedType.U1)]
    internal static partial bool ggml_is_contiguously_allocated(TensorPtr tensor);

    [LibraryImport(Library)]
    [return: MarshalAs(UnmanagedType.U1)]
    internal static partial bool ggml_is_contiguous_channels(TensorPtr tensor);

    [LibraryImport(Library)]
    [return: MarshalAs(UnmanagedType.U1)]
    internal static partial bool ggml_is_contiguous_rows(TensorPtr tensor);

    [LibraryImport(Library)]
    [return: MarshalAs(UnmanagedType.U1)]
    internal static partial bool ggml_are_same_shape(TensorPtr t0, TensorPtr t1);

    [LibraryImport(Library)]
    [return: MarshalAs(UnmanagedType.U1)]
    internal static partial bool ggml_are_same_stride(TensorPtr t0, TensorPtr t1);

    [LibraryImport(Library)]
    [return: MarshalAs(UnmanagedType.U1)]
    internal static partial bool ggml_can_repeat(TensorPtr t0, TensorPtr t1);

    [LibraryImport(Library)]
    internal static partial void ggml_unravel_index(TensorPtr tensor, long i, out long i0, out long i1, out long i2, out long i3);
}
