using System.Runtime.InteropServices;
using System.Runtime.InteropServices.Marshalling;

namespace LoraBridge.Native;

/// <summary>Version, time and the hooks of the library as a whole.</summary>
internal static unsafe partial class Ggml
{
    [LibraryImport(Library)]
    internal static partial delegate* unmanaged[Cdecl]<byte*, void> ggml_set_abort_callback(
        delegate* unmanaged[Cdecl]<byte*, void> callback);

    [LibraryImport(Library)]
    [return: MarshalUsing(typeof(BorrowedUtf8))]
    internal static partial string? ggml_version();

    [LibraryImport(Library)]
    [return: MarshalUsing(typeof(BorrowedUtf8))]
    internal static partial string? ggml_commit();

    [LibraryImport(Library)]
    internal static partial void ggml_threadpool_params_init(out GgmlThreadpoolParams p, int n_threads);

    [LibraryImport(Library)]
    internal static partial void ggml_log_set(delegate* unmanaged[Cdecl]<GgmlLogLevel, byte*, nint, void> log_callback, nint user_data);
}
