using System.Runtime.InteropServices;

namespace LoraBridge.Native;

/// <summary>Gated linear units.</summary>
internal static partial class Ggml
{
    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_glu(GgmlContext ctx, TensorPtr a, GgmlGluOp @op, [MarshalAs(UnmanagedType.U1)] bool swapped);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_glu_split(GgmlContext ctx, TensorPtr a, TensorPtr b, GgmlGluOp @op);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_swiglu_oai(GgmlContext ctx, TensorPtr a, TensorPtr b, float alpha, float limit);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_swiglu_clamp(GgmlContext ctx, TensorPtr a, TensorPtr b, float limit);
}
