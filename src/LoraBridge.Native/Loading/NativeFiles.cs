using System.Text.RegularExpressions;

namespace LoraBridge.Native;

/// <summary>The files of one folder that make up llama.cpp.</summary>
internal sealed partial record NativeFiles(string Directory, string GgmlBase, string Ggml, string Llama)
{
    // libggml.v0.5.0.so, libggml.cuda.v0.5.0.so, ggml.dll, libllama.dylib, ...: the published names carry a variant and a version.
    [GeneratedRegex(@"^(lib)?(?<name>ggml-base|ggml|llama)(\.[a-z]+)?(\.v\d+\.\d+\.\d+)?\.(so|dylib|dll)$")]
    private static partial Regex CoreLibrary { get; }

    /// <summary>Looks at <paramref name="directory"/>. False: <paramref name="missing"/> says what is not there.</summary>
    internal static bool TryFind(string directory, out NativeFiles? files, out string missing)
    {
        files = null;
        missing = "no such folder";
        if (!System.IO.Directory.Exists(directory))
            return false;

        var found = new Dictionary<string, string>();
        foreach (var path in System.IO.Directory.EnumerateFiles(directory).Order(StringComparer.Ordinal))
        {
            if (CoreLibrary.Match(Path.GetFileName(path)) is { Success: true } match)
                found.TryAdd(match.Groups["name"].Value, path);
        }
        string[] names = [NativeLibraries.GgmlBase, NativeLibraries.Ggml, NativeLibraries.Llama];
        missing = string.Join(", ", names.Where(name => !found.ContainsKey(name)).Select(name => $"no {name} library"));
        if (missing.Length > 0)
            return false;
        files = new NativeFiles(Path.GetFullPath(directory), found[names[0]], found[names[1]], found[names[2]]);
        return true;
    }
}
