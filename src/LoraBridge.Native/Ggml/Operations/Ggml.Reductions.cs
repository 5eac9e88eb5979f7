using System.Runtime.InteropServices;

namespace LoraBridge.Native;

/// <summary>Sums, means, cumulative sums, sorting and selection.</summary>
internal static partial class Ggml
{
    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_sum(GgmlContext ctx, TensorPtr a);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_sum_rows(GgmlContext ctx, TensorPtr a);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_cumsum(GgmlContext ctx, TensorPtr a);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_mean(GgmlContext ctx, TensorPtr a);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_argmax(GgmlContext ctx, TensorPtr a);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_count_equal(GgmlContext ctx, TensorPtr a, TensorPtr b);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_diag(GgmlContext ctx, TensorPtr a);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_diag_mask_inf(GgmlContext ctx, TensorPtr a, int n_past);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_diag_mask_inf_inplace(GgmlContext ctx, TensorPtr a, int n_past);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_diag_mask_zero(GgmlContext ctx, TensorPtr a, int n_past);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_diag_mask_zero_inplace(GgmlContext ctx, TensorPtr a, int n_past);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_tri(GgmlContext ctx, TensorPtr a, GgmlTriType type);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_argsort(GgmlContext ctx, TensorPtr a, GgmlSortOrder order);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_argsort_top_k(GgmlContext ctx, TensorPtr a, int k);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_top_k(GgmlContext ctx, TensorPtr a, int k);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_arange(GgmlContext ctx, float start, float stop, float step);
}
