using Microsoft.Extensions.Logging;
using static LoraBridge.Native.Ggml;
using static LoraBridge.Native.Llama;

namespace LoraBridge.Native;

/// <summary>The native libraries of this process: loaded, checked and initialised once.</summary>
internal sealed class NativeRuntime
{
    private static readonly Lock s_gate = new();
    private static NativeRuntime? s_instance;

    private NativeRuntime(IReadOnlyList<string> directories, IReadOnlyList<BackendLibrary> backends)
    {
        Directories = directories;
        Backends = backends;
    }

    /// <summary>Folder of the core libraries.</summary>
    internal string Directory => Directories[0];

    /// <summary>All folders in which backend libraries were sought, that of the core libraries first.</summary>
    internal IReadOnlyList<string> Directories { get; }

    /// <summary>The backend libraries that were found, and for those that did not load the reason.</summary>
    internal IReadOnlyList<BackendLibrary> Backends { get; }

    /// <summary>
    /// Loads llama.cpp and its backends, once per process; later calls return the same instance, where a given logger replaces the
    /// earlier one.
    /// </summary>
    /// <exception cref="DllNotFoundException">The libraries were not found or cannot be loaded.</exception>
    /// <exception cref="NativeException">They are another build of llama.cpp; the message lists the differences.</exception>
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
        var directory = NativeLibraries.Load(options.Directory).Directory;
        AbiCheck.OfLoadedLibraries().ThrowIfDifferent(directory);
        NativeLog.Attach(options.Logger);
        AbortHook.Install();
        llama_backend_init();
        ggml_backend_load_all_from_path(directory);
        IReadOnlyList<string> directories = [directory, .. options.BackendDirectories, .. NativeLocations.BackendDirectories];
        var backends = BackendLibraries.LoadRemaining(directories);
        if (ggml_backend_dev_count() == 0)
            throw new NativeException($"{directory} holds no backend that this processor can run.");
        options.Logger?.LogDebug("llama.cpp {Version} loaded from {Directory}", llama_version(), directory);
        return new NativeRuntime(directories, backends);
    }
}
