using System.Runtime.InteropServices;

namespace LoraBridge.Native;

/// <summary>Element-wise functions of one tensor.</summary>
internal static partial class Ggml
{
    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_tanh(GgmlContext ctx, TensorPtr a);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_leaky_relu(
        GgmlContext ctx, TensorPtr a, float negative_slope, [MarshalAs(UnmanagedType.U1)] bool inplace);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_sigmoid(GgmlContext ctx, TensorPtr a);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_xielu(GgmlContext ctx, TensorPtr a, float alpha_n, float alpha_p, float beta, float eps);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_unary(GgmlContext ctx, TensorPtr a, GgmlUnaryOp @op);
}
