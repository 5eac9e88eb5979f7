using System.Reflection;
using System.Runtime.InteropServices;

namespace LoraBridge.Native;

/// <summary>
/// Finds llama.cpp's libraries and loads them by full path, dependencies first. The imports name them logically; this class knows
/// what the files are called.
/// </summary>
internal static class NativeLibraries
{
    internal const string GgmlBase = "ggml-base";
    internal const string Ggml = "ggml";
    internal const string Llama = "llama";

    private static readonly Lock s_gate = new();
    private static LoadedLibraries? s_loaded;
    private static bool s_registered;

    /// <summary>The folder that the libraries came from; loads them when that has not happened yet.</summary>
    /// <exception cref="DllNotFoundException">No folder holds them; the message lists where they were sought.</exception>
    internal static string Directory => Load().Directory;

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

    /// <summary>Loads the libraries from <paramref name="directory"/>, or from the first folder of the search that holds them.</summary>
    internal static LoadedLibraries Load(string? directory = null)
    {
        lock (s_gate)
        {
            if (s_loaded is null)
                return s_loaded = LoadedLibraries.From(directory is null ? NativeLocations.Find() : NativeLocations.Require(directory));
            if (directory is not null && Path.GetFullPath(directory) != s_loaded.Directory)
                throw new InvalidOperationException($"The native libraries are already loaded from {s_loaded.Directory}; asked for {directory}.");
            return s_loaded;
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
