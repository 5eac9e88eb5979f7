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
}
