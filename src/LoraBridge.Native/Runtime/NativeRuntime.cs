using Microsoft.Extensions.Logging;
using static LoraBridge.Native.Ggml;
using static LoraBridge.Native.Llama;

namespace LoraBridge.Native;

/// <summary>The native libraries of this process: loaded, checked and initialised once.</summary>
internal sealed class NativeRuntime
{
    private static readonly Lock s_gate = new();
    private static NativeRuntime? s_instance;

    private NativeRuntime(LoadedLibraries libraries, IReadOnlyList<string> directories, IReadOnlyList<BackendLibrary> backends)
    {
        Libraries = libraries;
        Directories = directories;
        Backends = backends;
    }

    /// <summary>The core libraries: which build they are, where they lie and why they were taken.</summary>
    internal LoadedLibraries Libraries { get; }

    /// <summary>Folder of the core libraries.</summary>
    internal string Directory => Libraries.Directory;

    /// <summary>All folders in which backend libraries were sought, that of the core libraries first.</summary>
    internal IReadOnlyList<string> Directories { get; }

    /// <summary>The backend libraries that were found, and for those that did not load the reason.</summary>
    internal IReadOnlyList<BackendLibrary> Backends { get; }

    /// <summary>
    /// Loads llama.cpp and its backends, once per process; later calls return the same instance, where a given logger replaces the
    /// earlier one.
    /// </summary>
    /// <exception cref="DllNotFoundException">The libraries were not found or cannot be loaded.</exception>
    /// <exception cref="NativeException">They are no build of llama.cpp that LoraBridge knows; the message lists the differences.</exception>
    internal static NativeRuntime Initialize(NativeRuntimeOptions? options = null)
    {
        options ??= new NativeRuntimeOptions();
        lock (s_gate)
        {
            if (s_instance is null)
                return s_instance = Start(options);
            if (options.Directory is not null)
                NativeLibraries.Load(options.Directory);
            if (options.Logger is not null)
                NativeLog.Attach(options.Logger);
            return s_instance;
        }
    }

    private static NativeRuntime Start(NativeRuntimeOptions options)
    {
        var libraries = NativeLibraries.Load(options.Directory);
        NativeLog.Attach(options.Logger);
        AbortHook.Install();
        llama_backend_init();
        // Backends that ggml is linked with are there from the start; others are plug-ins in its folder.
        if (ggml_backend_reg_count() == 0)
            ggml_backend_load_all_from_path(libraries.Directory);
        IReadOnlyList<string> directories = [libraries.Directory, .. options.BackendDirectories, .. NativeLocations.BackendDirectories];
        IReadOnlyList<BackendLibrary> backends = [.. BackendLibraries.LoadRemaining(libraries, directories), .. NativeLibraries.Failures];
        if (ggml_backend_dev_count() == 0)
            throw new NativeException($"{libraries.Directory} holds no backend that this processor can run.");
        options.Logger?.LogDebug(
            "llama.cpp {Build} from {Directory}: {Reason}", libraries.Build.Name, libraries.Directory, libraries.Reason);
        return new NativeRuntime(libraries, directories, backends);
    }
}
