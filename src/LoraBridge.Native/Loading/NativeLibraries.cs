using System.Reflection;
using System.Runtime.InteropServices;

namespace LoraBridge.Native;

/// <summary>
/// Finds llama.cpp's libraries and loads them by full path, dependencies first. The imports name them logically; this class knows
/// what the files are called. A process has one llama.cpp: where another library has loaded one, that one is used.
/// </summary>
internal static class NativeLibraries
{
    internal const string GgmlBase = "ggml-base";
    internal const string Ggml = "ggml";
    internal const string Llama = "llama";

    private static readonly Lock s_gate = new();
    private static readonly List<BackendLibrary> s_failures = [];
    private static LoadedLibraries? s_loaded;
    private static bool s_registered;

    /// <summary>Libraries for GPUs that were found and did not load, with the reasons.</summary>
    internal static IReadOnlyList<BackendLibrary> Failures
    {
        get
        {
            lock (s_gate)
                return [.. s_failures];
        }
    }

    /// <summary>Makes this class answer for the imports of the assembly.</summary>
    internal static void Register()
    {
        lock (s_gate)
        {
            if (s_registered)
                return;
            NativeLibrary.SetDllImportResolver(typeof(NativeLibraries).Assembly, Resolve);
            s_registered = true;
        }
    }

    /// <summary>
    /// The libraries of this process. The first call takes those that it has already; else it loads them from
    /// <paramref name="directory"/>, or from the first folder of <see cref="NativeLocations"/> that holds them.
    /// </summary>
    /// <exception cref="DllNotFoundException">No folder holds them, or the system cannot load them; the message says where and why.</exception>
    /// <exception cref="NativeException">They are a build that LoraBridge does not know, or one that cannot live with another in the program.</exception>
    /// <exception cref="InvalidOperationException">A folder is asked for, and the process has libraries from another one.</exception>
    internal static LoadedLibraries Load(string? directory = null)
    {
        lock (s_gate)
        {
            s_loaded ??= LoadedModules.Llama is { } present ? LoadedLibraries.From(present, "the process had loaded it already") : LoadFirst(directory);
            if (directory is not null && Path.GetFullPath(directory) != s_loaded.Directory)
                throw new InvalidOperationException($"The native libraries are already loaded from {s_loaded.Directory}; asked for {directory}.");
            return s_loaded;
        }
    }

    /// <summary>The libraries in the first of <paramref name="locations"/> that holds them.</summary>
    /// <exception cref="DllNotFoundException">None does.</exception>
    internal static (NativeFiles Files, NativeLocation Location) Find(IEnumerable<NativeLocation> locations)
    {
        var tried = new List<(NativeLocation, string)>();
        foreach (var location in locations)
        {
            if (NativeFiles.TryFind(location.Directory, location.CpuDirectory, out var files, out var missing))
                return (files!, location);
            tried.Add((location, missing));
        }
        throw NativeLocations.NotFound(tried);
    }

    private static LoadedLibraries LoadFirst(string? directory)
    {
        var locations = directory is null ? NativeLocations.All : [new(directory, "it was asked for")];
        for (var first = 0; ; )
        {
            var (files, location) = Find(locations.Skip(first));
            NativeConflicts.Refuse(files);
            try
            {
                return LoadedLibraries.From(files, location.Reason);
            }
            catch (DllNotFoundException e) when (location.Gpu is not null)
            {
                // Without the GPU's driver its libraries cannot be loaded; who asks for the GPU is told why.
                s_failures.Add(new BackendLibrary(location.Gpu, location.Directory, e.Message));
                first = locations.TakeWhile(other => other != location).Count() + 1;
            }
        }
    }

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? searchPath) => name switch
    {
        GgmlBase => Load().GgmlBase,
        Ggml => Load().Ggml,
        Llama => Load().Llama,
        _ => 0,
    };
}
