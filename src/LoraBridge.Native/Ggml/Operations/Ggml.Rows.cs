using System.Runtime.InteropServices;

namespace LoraBridge.Native;

/// <summary>Gathering and scattering of rows.</summary>
internal static partial class Ggml
{
    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_get_rows(GgmlContext ctx, TensorPtr a, TensorPtr b);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_set_rows(GgmlContext ctx, TensorPtr a, TensorPtr b, TensorPtr c);
}
