using System.Runtime.InteropServices;

namespace LoraBridge.Native;

/// <summary>Losses and optimiser steps.</summary>
internal static partial class Ggml
{
    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_cross_entropy_loss(GgmlContext ctx, TensorPtr a, TensorPtr b);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_cross_entropy_loss_back(GgmlContext ctx, TensorPtr a, TensorPtr b, TensorPtr c);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_opt_step_adamw(
        GgmlContext ctx, TensorPtr a, TensorPtr grad, TensorPtr m, TensorPtr v, TensorPtr adamw_params);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_opt_step_sgd(GgmlContext ctx, TensorPtr a, TensorPtr grad, TensorPtr sgd_params);
}
