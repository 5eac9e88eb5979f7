using System.Runtime.InteropServices;

namespace LoraBridge.Native;

/// <summary>Operations computed by a callback; <see cref="CustomOperation"/> wraps them.</summary>
internal static unsafe partial class Ggml
{
    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_custom_4d(
        GgmlContext ctx, GgmlTensorType type, long ne0, long ne1, long ne2, long ne3, ReadOnlySpan<TensorPtr> args, int n_args,
        delegate* unmanaged[Cdecl]<TensorPtr, int, int, nint, void> fun, int n_tasks, nint userdata);
}
