using System.Text.RegularExpressions;

namespace LoraBridge.Native;

/// <summary>The files of one folder that make up llama.cpp.</summary>
/// <param name="Directory">The folder.</param>
/// <param name="GgmlBase">The library of tensors and graphs.</param>
/// <param name="Backends">Backends that are linked into <paramref name="Ggml"/>; empty where they are plug-ins.</param>
/// <param name="Ggml">The library of backends and devices.</param>
/// <param name="Llama">The library of models.</param>
internal sealed partial record NativeFiles(string Directory, string GgmlBase, IReadOnlyList<string> Backends, string Ggml, string Llama)
{
    /// <summary>
    /// What LoraBridge's own packages call ggml-base. llama.cpp's name for it is the same in every build, and the system's loader hands a
    /// library that asks for that name the first one loaded: two builds in one process need two names.
    /// </summary>
    internal const string OwnGgmlBase = "ggml-v050";

    // libggml.v0.5.0.so, libggml.cuda.v0.5.0.so, ggml.dll, libllama.dylib, libllama.so.0, ...: published names carry a variant and a version.
    [GeneratedRegex($@"^(lib)?(?<name>ggml-base|{OwnGgmlBase}|ggml|llama)(?<variant>(\.\w+)*?)\.(?<extension>so|dylib|dll)(\.\d+)*$")]
    private static partial Regex CoreLibrary { get; }

    [GeneratedRegex(@"^(lib)?ggml-(cpu|blas|metal|cuda|vulkan)\.(?<extension>so|dylib|dll)$")]
    private static partial Regex LinkedBackend { get; }

    /// <summary>What this system's libraries end in.</summary>
    internal static string SystemExtension => OperatingSystem.IsWindows() ? "dll" : OperatingSystem.IsMacOS() ? "dylib" : "so";

    /// <summary>Whether ggml-base bears llama.cpp's own name, so that another build in the same process is mistaken for it.</summary>
    internal bool SharesItsName => CoreLibrary.Match(Path.GetFileName(GgmlBase)).Groups["name"].Value == NativeLibraries.GgmlBase;

    /// <summary>All files in the order in which they are loaded: each finds those it needs already there.</summary>
    internal IEnumerable<string> InOrder => [GgmlBase, .. Backends, Ggml, Llama];

    /// <summary>Looks at <paramref name="directory"/>. False: <paramref name="missing"/> says what is not there.</summary>
    /// <param name="directory">The folder.</param>
    /// <param name="cpuDirectory">Where the backend of the CPU is when the folder has none; null when it must be in the folder or a plug-in.</param>
    /// <param name="files">The libraries.</param>
    /// <param name="missing">What is not there.</param>
    internal static bool TryFind(string directory, string? cpuDirectory, out NativeFiles? files, out string missing)
    {
        (files, missing) = (null, "no such folder");
        if (!System.IO.Directory.Exists(directory))
            return false;
        files = Pick(List(directory), SystemExtension, out missing);
        if (files is not null && cpuDirectory is not null && System.IO.Directory.Exists(cpuDirectory))
            files = files with { Backends = [.. LinkedBackends(List(cpuDirectory), SystemExtension).Take(1), .. files.Backends] };
        return files is not null;
    }

    /// <summary>
    /// Chooses among files: the libraries whose names say nothing of a variant or version, and else those that say the same. Null:
    /// <paramref name="missing"/> says what is not there.
    /// </summary>
    internal static NativeFiles? Pick(IEnumerable<string> paths, string extension, out string missing)
    {
        string[] all = [.. paths.Order(StringComparer.Ordinal)];
        var matches = all
            .Select(path => (Path: path, Match: CoreLibrary.Match(Path.GetFileName(path))))
            .Where(file => file.Match.Success && file.Match.Groups["extension"].Value == extension)
            .ToLookup(file => file.Match.Groups["name"].Value, file => (file.Path, Variant: file.Match.Groups["variant"].Value));

        string[] required = [NativeLibraries.Ggml, NativeLibraries.Llama];
        missing = string.Join(", ", required.Where(name => !matches.Contains(name)).Select(name => $"no {name} library"));
        if (!matches.Contains(NativeLibraries.GgmlBase) && !matches.Contains(OwnGgmlBase))
            missing = $"no {NativeLibraries.GgmlBase} library{(missing.Length > 0 ? ", " : "")}{missing}";
        if (missing.Length > 0)
            return null;

        foreach (var (llama, variant) in matches[NativeLibraries.Llama].OrderBy(file => file.Variant, StringComparer.Ordinal))
        {
            var ggml = matches[NativeLibraries.Ggml].FirstOrDefault(file => file.Variant == variant).Path;
            var names = variant.Length == 0 ? new[] { NativeLibraries.GgmlBase } : [OwnGgmlBase, NativeLibraries.GgmlBase];
            var ggmlBase = names.SelectMany(name => matches[name]).FirstOrDefault().Path;
            if (ggml is not null && ggmlBase is not null)
                return new NativeFiles(Path.GetDirectoryName(Path.GetFullPath(llama))!, ggmlBase, [.. LinkedBackends(all, extension)], ggml, llama);
        }
        missing = "its ggml-base, ggml and llama libraries are of different variants";
        return null;
    }

    private static IEnumerable<string> List(string directory) => System.IO.Directory.EnumerateFiles(Path.GetFullPath(directory));

    /// <summary>The backends that ggml is linked with, the CPU first, on which the others may depend. Without a CPU there, all are plug-ins.</summary>
    private static IEnumerable<string> LinkedBackends(IEnumerable<string> paths, string extension)
    {
        string[] backends = [.. paths.Where(path => LinkedBackend.Match(Path.GetFileName(path)) is { Success: true } match && match.Groups["extension"].Value == extension)];
        bool IsCpu(string path) => Path.GetFileName(path).Contains("ggml-cpu.", StringComparison.Ordinal);
        return backends.Any(IsCpu) ? backends.OrderByDescending(IsCpu).ThenBy(path => path, StringComparer.Ordinal) : [];
    }
}
