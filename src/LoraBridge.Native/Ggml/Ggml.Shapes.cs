using System.Runtime.InteropServices;

namespace LoraBridge.Native;

/// <summary>Questions about the shape and layout of a tensor.</summary>
internal static partial class Ggml
{
    [LibraryImport(Library)]
    internal static partial long ggml_nelements(TensorPtr tensor);

    [LibraryImport(Library)]
    internal static partial nuint ggml_nbytes(TensorPtr tensor);

    [LibraryImport(Library)]
    [return: MarshalAs(UnmanagedType.U1)]
    internal static partial bool ggml_is_view(TensorPtr tensor);
}
