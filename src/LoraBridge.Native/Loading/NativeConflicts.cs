namespace LoraBridge.Native;

/// <summary>
/// Two builds of ggml in one process whose libraries bear the same names: the system's loader links the libraries of the second with
/// ggml-base of the first, and ends the process over the first function that is missing. Nothing of that can be caught.
/// </summary>
internal static class NativeConflicts
{
    /// <summary>The package that brings a llama.cpp of its own into the process, after us or before.</summary>
    private const string LLamaSharp = "LLamaSharp";

    /// <exception cref="NativeException">The libraries in <paramref name="files"/> cannot be loaded in this program; the message says what to do.</exception>
    internal static void Refuse(NativeFiles files)
    {
        if (!files.SharesItsName)
            return;
        if (IsInProgram(LLamaSharp) && !LlamaBuild.B10221.Wrote(files.GgmlBase))
        {
            throw new NativeException(
                $"The llama.cpp in {files.Directory} is not the build of LLamaSharp, which is part of this program, and its libraries bear the same "
                + $"names: they cannot be in one process. Use LLamaSharp's own, {LlamaBuild.B10221}, by unsetting {NativeLocations.DirectoryVariable}; "
                + "or the package LoraBridge.Backend.Cpu, whose libraries have names of their own.", []);
        }
        var name = Path.GetFileName(files.GgmlBase);
        if (LoadedModules.Paths.FirstOrDefault(path => Path.GetFileName(path) == name) is { } other && !AreOfOneBuild(files.GgmlBase, other))
        {
            throw new NativeException(
                $"The process has loaded {other}, which is another build of ggml than the one in {files.Directory} and bears the same name: they "
                + "cannot be in one process. On Linux the package LoraBridge.Backend.Cpu brings libraries that have names of their own.", []);
        }
    }

    private static bool AreOfOneBuild(string file, string other) =>
        file == other || LlamaBuild.Known.Any(build => build.Wrote(file) && File.Exists(other) && build.Wrote(other));

    private static bool IsInProgram(string assembly) =>
        (AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES") as string ?? "").Split(Path.PathSeparator)
            .Any(path => Path.GetFileNameWithoutExtension(path) == assembly)
        || AppDomain.CurrentDomain.GetAssemblies().Any(loaded => loaded.GetName().Name == assembly);
}
