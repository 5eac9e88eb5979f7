using System.Runtime.InteropServices;

namespace LoraBridge.Native;

/// <summary>Element-wise arithmetic.</summary>
internal static partial class Ggml
{
    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_dup(GgmlContext ctx, TensorPtr a);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_add(GgmlContext ctx, TensorPtr a, TensorPtr b);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_add_inplace(GgmlContext ctx, TensorPtr a, TensorPtr b);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_add_id(GgmlContext ctx, TensorPtr a, TensorPtr b, TensorPtr ids);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_acc(GgmlContext ctx, TensorPtr a, TensorPtr b, nuint nb1, nuint nb2, nuint nb3, nuint offset);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_sub(GgmlContext ctx, TensorPtr a, TensorPtr b);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_mul(GgmlContext ctx, TensorPtr a, TensorPtr b);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_div(GgmlContext ctx, TensorPtr a, TensorPtr b);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_sqr(GgmlContext ctx, TensorPtr a);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_sqrt(GgmlContext ctx, TensorPtr a);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_log(GgmlContext ctx, TensorPtr a);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_sin(GgmlContext ctx, TensorPtr a);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_cos(GgmlContext ctx, TensorPtr a);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_scale(GgmlContext ctx, TensorPtr a, float s);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_scale_bias(GgmlContext ctx, TensorPtr a, float s, float b);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_clamp(GgmlContext ctx, TensorPtr a, float min, float max);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_fill(GgmlContext ctx, TensorPtr a, float c);
}
