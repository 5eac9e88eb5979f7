using System.Runtime.InteropServices;

namespace LoraBridge.Native;

/// <summary>Operations computed by a callback; <see cref="CustomOperation"/> wraps them.</summary>
internal static unsafe partial class Ggml
{
    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_map_custom1(
        GgmlContext ctx, TensorPtr a, delegate* unmanaged[Cdecl]<TensorPtr, TensorPtr, int, int, nint, void> fun, int n_tasks,
        nint userdata);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_map_custom1_inplace(
        GgmlContext ctx, TensorPtr a, delegate* unmanaged[Cdecl]<TensorPtr, TensorPtr, int, int, nint, void> fun, int n_tasks,
        nint userdata);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_map_custom2(
        GgmlContext ctx, TensorPtr a, TensorPtr b,
        delegate* unmanaged[Cdecl]<TensorPtr, TensorPtr, TensorPtr, int, int, nint, void> fun, int n_tasks, nint userdata);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_map_custom2_inplace(
        GgmlContext ctx, TensorPtr a, TensorPtr b,
        delegate* unmanaged[Cdecl]<TensorPtr, TensorPtr, TensorPtr, int, int, nint, void> fun, int n_tasks, nint userdata);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_map_custom3(
        GgmlContext ctx, TensorPtr a, TensorPtr b, TensorPtr c,
        delegate* unmanaged[Cdecl]<TensorPtr, TensorPtr, TensorPtr, TensorPtr, int, int, nint, void> fun, int n_tasks,
        nint userdata);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_map_custom3_inplace(
        GgmlContext ctx, TensorPtr a, TensorPtr b, TensorPtr c,
        delegate* unmanaged[Cdecl]<TensorPtr, TensorPtr, TensorPtr, TensorPtr, int, int, nint, void> fun, int n_tasks,
        nint userdata);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_custom_4d(
        GgmlContext ctx, GgmlTensorType type, long ne0, long ne1, long ne2, long ne3, ReadOnlySpan<TensorPtr> args, int n_args,
        delegate* unmanaged[Cdecl]<TensorPtr, int, int, nint, void> fun, int n_tasks, nint userdata);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_custom_inplace(
        GgmlContext ctx, TensorPtr a, ReadOnlySpan<TensorPtr> args, int n_args,
        delegate* unmanaged[Cdecl]<TensorPtr, int, int, nint, void> fun, int n_tasks, nint userdata);
}
