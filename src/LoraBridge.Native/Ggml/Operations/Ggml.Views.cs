using System.Runtime.InteropServices;

namespace LoraBridge.Native;

/// <summary>Views, permutations, copies and repetitions.</summary>
internal static partial class Ggml
{
    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_repeat_4d(GgmlContext ctx, TensorPtr a, long ne0, long ne1, long ne2, long ne3);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_repeat_back(GgmlContext ctx, TensorPtr a, TensorPtr b);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_concat(GgmlContext ctx, TensorPtr a, TensorPtr b, int dim);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_cast(GgmlContext ctx, TensorPtr a, GgmlTensorType type);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_cont(GgmlContext ctx, TensorPtr a);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_cont_2d(GgmlContext ctx, TensorPtr a, long ne0, long ne1);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_reshape_4d(GgmlContext ctx, TensorPtr a, long ne0, long ne1, long ne2, long ne3);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_view_1d(GgmlContext ctx, TensorPtr a, long ne0, nuint offset);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_view_4d(
        GgmlContext ctx, TensorPtr a, long ne0, long ne1, long ne2, long ne3, nuint nb1, nuint nb2, nuint nb3, nuint offset);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_permute(GgmlContext ctx, TensorPtr a, int axis0, int axis1, int axis2, int axis3);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_transpose(GgmlContext ctx, TensorPtr a);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_pad_ext(
        GgmlContext ctx, TensorPtr a, int lp0, int rp0, int lp1, int rp1, int lp2, int rp2, int lp3, int rp3);
}
