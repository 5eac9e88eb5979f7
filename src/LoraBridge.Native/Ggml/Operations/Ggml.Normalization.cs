using System.Runtime.InteropServices;

namespace LoraBridge.Native;

/// <summary>Normalisations and softmax.</summary>
internal static partial class Ggml
{
    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_norm(GgmlContext ctx, TensorPtr a, float eps);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_rms_norm(GgmlContext ctx, TensorPtr a, float eps);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_l2_norm(GgmlContext ctx, TensorPtr a, float eps);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_soft_max_ext(GgmlContext ctx, TensorPtr a, TensorPtr mask, float scale, float max_bias);

    [LibraryImport(Library)]
    internal static partial void ggml_soft_max_add_sinks(TensorPtr a, TensorPtr sinks);
}
