using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using static LoraBridge.Native.Ggml;

namespace LoraBridge.Native;

/// <summary>
/// Loads the backend libraries that ggml did not: those of other folders, and again those that failed, to learn why. A backend depends
/// on <c>ggml-base</c> alone, so that one from another folder works with the core libraries that are already loaded if it is of the
/// same build and asks for the same name.
/// </summary>
internal static partial class BackendLibraries
{
    // The -ext packages keep the build for the older CUDA runtime in this subfolder.
    private const string FallbackFolder = "fallback";

    [GeneratedRegex(@"^(lib)?ggml-(?<name>cuda|vulkan|metal|hip|sycl|opencl|blas|rpc)\.(so|dylib|dll)$")]
    private static partial Regex BackendFile { get; }

    [GeneratedRegex(@"^(lib)?ggml-(base|v050)\.")]
    private static partial Regex CoreFile { get; }

    internal static IReadOnlyList<BackendLibrary> LoadRemaining(LoadedLibraries core, IReadOnlyList<string> directories)
    {
        var results = new List<BackendLibrary>();
        var loaded = new HashSet<string>(RegistryNames(), StringComparer.OrdinalIgnoreCase);
        foreach (var path in Files(directories))
        {
            var name = BackendFile.Match(Path.GetFileName(path)).Groups["name"].Value;
            if (results.Any(result => result.Name == name && result.IsLoaded))
                continue;
            var failure = loaded.Contains(RegistryName(name)) ? null
                : core.Build.TakesPlugins ? Load(path)
                : $"backends cannot be added to llama.cpp {core.Build}: reference a LLamaSharp.Backend package that has this one";
            results.Add(new BackendLibrary(name, path, failure));
        }
        return results;
    }

    /// <summary>What ggml calls the registry of a backend library.</summary>
    internal static string RegistryName(string libraryName) => libraryName switch
    {
        "metal" => "MTL",
        "hip" => "ROCm",
        _ => libraryName.ToUpperInvariant(),
    };

    private static string? Load(string path)
    {
        // The system's loader gives the reason (a missing driver, mostly); ggml would only say that it failed.
        var before = CoreFiles();
        if (!TryOpen(path, out var reason))
            return reason;
        if (CoreFiles().Except(before).FirstOrDefault() is { } second)
            return $"it is made for other core libraries than those in use: it brought {second} along";
        NativeLog.Clear();
        if (!ggml_backend_load(path).IsNull)
            return null;
        var log = NativeLog.Tail();
        return log.Count > 0 ? string.Join("; ", log) : "it found no device that it can use";
    }

    private static IReadOnlyList<string> CoreFiles() => [.. LoadedModules.Paths.Where(path => CoreFile.IsMatch(Path.GetFileName(path)))];

    private static bool TryOpen(string path, out string? reason)
    {
        try
        {
            NativeLibrary.Load(path);
            reason = null;
            return true;
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
        {
            reason = FirstLine(LoadFailure.Explain(e.Message));
            return false;
        }
    }

    private static string FirstLine(string text) => text.AsSpan().IndexOfAny('\r', '\n') is var end and >= 0 ? text[..end] : text;

    private static IEnumerable<string> Files(IReadOnlyList<string> directories) =>
        directories
            .SelectMany(folder => new[] { folder, Path.Combine(folder, FallbackFolder) })
            .Where(Directory.Exists)
            .SelectMany(folder => Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal))
            .Where(path => BackendFile.IsMatch(Path.GetFileName(path)))
            .Select(Path.GetFullPath)
            .Distinct();

    private static IEnumerable<string> RegistryNames()
    {
        for (nuint i = 0; i < ggml_backend_reg_count(); i++)
            yield return ggml_backend_reg_name(ggml_backend_reg_get(i)) ?? "";
    }
}

/// <summary>A backend library file, such as <c>libggml-cuda.so</c>.</summary>
/// <param name="Name">What the file name calls it: <c>cpu</c>, <c>cuda</c>, <c>vulkan</c>, <c>metal</c>, ...</param>
/// <param name="Path">The file.</param>
/// <param name="Failure">Why it is not in use; null when it is.</param>
internal sealed record BackendLibrary(string Name, string Path, string? Failure)
{
    internal bool IsLoaded => Failure is null;
}
