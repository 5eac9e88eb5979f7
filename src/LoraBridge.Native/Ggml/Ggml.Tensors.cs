using System.Runtime.InteropServices;
using System.Runtime.InteropServices.Marshalling;

namespace LoraBridge.Native;

/// <summary>Creation of tensors, their names and flags.</summary>
internal static partial class Ggml
{
    [LibraryImport(Library)]
    [return: MarshalUsing(typeof(BorrowedUtf8))]
    internal static partial string? ggml_op_desc(TensorPtr t);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_new_tensor_1d(GgmlContext ctx, GgmlTensorType type, long ne0);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_new_tensor_2d(GgmlContext ctx, GgmlTensorType type, long ne0, long ne1);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_new_tensor_4d(GgmlContext ctx, GgmlTensorType type, long ne0, long ne1, long ne2, long ne3);

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
}
