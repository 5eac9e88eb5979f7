using System.Runtime.InteropServices;

namespace LoraBridge.Native;

/// <summary>The three core libraries of one folder, loaded for the life of the process.</summary>
internal sealed record LoadedLibraries(string Directory, nint GgmlBase, nint Ggml, nint Llama)
{
    /// <summary>Loads the files, dependencies first: then each finds the ones it needs already in the process.</summary>
    /// <exception cref="DllNotFoundException">The system refuses to load a file; the message says which and why.</exception>
    internal static LoadedLibraries From(NativeFiles files) =>
        new(files.Directory, LoadFile(files.GgmlBase), LoadFile(files.Ggml), LoadFile(files.Llama));

    private static nint LoadFile(string path)
    {
        try
        {
            return NativeLibrary.Load(path);
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
        {
            throw new DllNotFoundException($"{path} is there, but the system cannot load it: {e.Message}", e);
        }
    }
}
