using System.Runtime.InteropServices;

namespace LoraBridge.Native;

/// <summary>The core libraries of one folder, loaded for the life of the process.</summary>
/// <param name="Directory">The folder.</param>
/// <param name="Reason">Why it was taken.</param>
/// <param name="Build">Which build of llama.cpp they are.</param>
/// <param name="GgmlBase">Handle of the library of tensors and graphs.</param>
/// <param name="Ggml">Handle of the library of backends and devices.</param>
/// <param name="Llama">Handle of the library of models.</param>
internal sealed record LoadedLibraries(string Directory, string Reason, LlamaBuild Build, nint GgmlBase, nint Ggml, nint Llama)
{
    /// <summary>Loads the files, dependencies first: then each finds the ones it needs already in the process.</summary>
    /// <exception cref="DllNotFoundException">The system refuses to load a file; the message says which, why, and what helps.</exception>
    /// <exception cref="NativeException">They are a build that LoraBridge does not know.</exception>
    internal static LoadedLibraries From(NativeFiles files, string reason)
    {
        var handles = new Dictionary<string, nint>();
        try
        {
            foreach (var path in files.InOrder)
                handles[path] = LoadFile(path);
            var (ggmlBase, llama) = (handles[files.GgmlBase], handles[files.Llama]);
            var build = BuildIdentity.Of(ggmlBase, llama).Require(files.Directory);
            return new LoadedLibraries(files.Directory, reason, build, ggmlBase, handles[files.Ggml], llama);
        }
        catch
        {
            foreach (var handle in handles.Values.Reverse())
                NativeLibrary.Free(handle);
            throw;
        }
    }

    private static nint LoadFile(string path)
    {
        try
        {
            return NativeLibrary.Load(path);
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
        {
            throw new DllNotFoundException($"{path} is there, but the system cannot load it: {LoadFailure.Explain(e.Message)}", e);
        }
    }
}
