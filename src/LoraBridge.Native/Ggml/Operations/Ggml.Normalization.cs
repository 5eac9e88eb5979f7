using System.Runtime.InteropServices;

namespace LoraBridge.Native;

/// <summary>Normalisations and softmax.</summary>
internal static partial class Ggml
{
    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_norm(GgmlContext ctx, TensorPtr a, float eps);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_norm_inplace(GgmlContext ctx, TensorPtr a, float eps);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_rms_norm(GgmlContext ctx, TensorPtr a, float eps);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_rms_norm_inplace(GgmlContext ctx, TensorPtr a, float eps);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_group_norm(GgmlContext ctx, TensorPtr a, int n_groups, float eps);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_group_norm_inplace(GgmlContext ctx, TensorPtr a, int n_groups, float eps);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_l2_norm(GgmlContext ctx, TensorPtr a, float eps);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_l2_norm_inplace(GgmlContext ctx, TensorPtr a, float eps);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_rms_norm_back(GgmlContext ctx, TensorPtr a, TensorPtr b, float eps);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_soft_max(GgmlContext ctx, TensorPtr a);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_soft_max_inplace(GgmlContext ctx, TensorPtr a);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_soft_max_ext(GgmlContext ctx, TensorPtr a, TensorPtr mask, float scale, float max_bias);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_soft_max_ext_inplace(GgmlContext ctx, TensorPtr a, TensorPtr mask, float scale, float max_bias);

    [LibraryImport(Library)]
    internal static partial void ggml_soft_max_add_sinks(TensorPtr a, TensorPtr sinks);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_soft_max_ext_back(GgmlContext ctx, TensorPtr a, TensorPtr b, float scale, float max_bias);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_soft_max_ext_back_inplace(
        GgmlContext ctx, TensorPtr a, TensorPtr b, float scale, float max_bias);
}
