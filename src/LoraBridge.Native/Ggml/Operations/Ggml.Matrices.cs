using System.Runtime.InteropServices;

namespace LoraBridge.Native;

/// <summary>Matrix products, their precision, and triangular solves.</summary>
internal static partial class Ggml
{
    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_mul_mat(GgmlContext ctx, TensorPtr a, TensorPtr b);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_mul_mat_id(GgmlContext ctx, TensorPtr @as, TensorPtr b, TensorPtr ids);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_out_prod(GgmlContext ctx, TensorPtr a, TensorPtr b);
}
