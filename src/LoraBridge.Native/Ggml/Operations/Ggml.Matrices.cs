using System.Runtime.InteropServices;

namespace LoraBridge.Native;

/// <summary>Matrix products, their precision, and triangular solves.</summary>
internal static partial class Ggml
{
    [LibraryImport(Library)]
    [return: MarshalAs(UnmanagedType.U1)]
    internal static partial bool ggml_prec_set_acc(TensorPtr a, GgmlPrec prec);

    [LibraryImport(Library)]
    [return: MarshalAs(UnmanagedType.U1)]
    internal static partial bool ggml_prec_set_src(TensorPtr a, GgmlPrec prec, int idx);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_mul_mat(GgmlContext ctx, TensorPtr a, TensorPtr b);

    [LibraryImport(Library)]
    internal static partial void ggml_mul_mat_set_hint(TensorPtr a, GgmlOpHint hint);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_mul_mat_id(GgmlContext ctx, TensorPtr @as, TensorPtr b, TensorPtr ids);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_out_prod(GgmlContext ctx, TensorPtr a, TensorPtr b);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_solve_tri(
        GgmlContext ctx, TensorPtr a, TensorPtr b, [MarshalAs(UnmanagedType.U1)] bool left,
        [MarshalAs(UnmanagedType.U1)] bool lower, [MarshalAs(UnmanagedType.U1)] bool uni);
}
