using System.Runtime.InteropServices;

namespace LoraBridge.Native;

/// <summary>Where llama.cpp's libraries are sought, in order.</summary>
internal static class NativeLocations
{
    /// <summary>Environment variable that names the folder; when set, no other is tried.</summary>
    internal const string DirectoryVariable = "LORABRIDGE_NATIVE_DIR";

    /// <summary>Runtime configuration property that the build writes into programs of a checkout.</summary>
    internal const string DirectoryProperty = "LoraBridge.NativeDirectory";

    /// <summary>Environment variable with further folders of backend libraries, separated as in PATH.</summary>
    internal const string BackendDirectoriesVariable = "LORABRIDGE_BACKEND_DIRS";

    /// <summary>What <see cref="BackendDirectoriesVariable"/> lists.</summary>
    internal static IReadOnlyList<string> BackendDirectories =>
        Environment.GetEnvironmentVariable(BackendDirectoriesVariable)
            ?.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) ?? [];

    /// <summary>The first folder that holds the libraries.</summary>
    /// <exception cref="DllNotFoundException">None does.</exception>
    internal static NativeFiles Find() =>
        Environment.GetEnvironmentVariable(DirectoryVariable) is { Length: > 0 } chosen
            ? Require(chosen, $"the environment variable {DirectoryVariable} names it")
            : Search(Candidates());

    /// <summary>The libraries in <paramref name="directory"/> and nowhere else.</summary>
    /// <exception cref="DllNotFoundException">They are not there.</exception>
    internal static NativeFiles Require(string directory, string reason = "it was asked for") => Search([(directory, reason)]);

    private static NativeFiles Search(IEnumerable<(string Directory, string Reason)> candidates)
    {
        var tried = new List<string>();
        foreach (var (directory, reason) in candidates)
        {
            if (NativeFiles.TryFind(directory, out var files, out var missing))
                return files!;
            tried.Add($"  {directory} ({reason}): {missing}");
        }
        throw new DllNotFoundException(
            $"The llama.cpp libraries for {RuntimeInformation.RuntimeIdentifier} were not found. Tried:{Environment.NewLine}"
            + string.Join(Environment.NewLine, tried) + Environment.NewLine
            + $"Install a LoraBridge.Backend package, or set {DirectoryVariable} to a folder that holds a llama.cpp {AbiCheck.LlamaVersion} build.");
    }

    private static IEnumerable<(string Directory, string Reason)> Candidates()
    {
        if (AppContext.GetData(DirectoryProperty) is string { Length: > 0 } configured)
            yield return (configured, $"the runtime configuration's {DirectoryProperty}");
        var application = AppContext.BaseDirectory;
        yield return (Path.Combine(application, "runtimes", PortableRuntimeIdentifier, "native"), "a backend package");
        yield return (application, "next to the program");
    }

    private static string PortableRuntimeIdentifier
    {
        get
        {
            var system = OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsMacOS() ? "osx" : "linux";
            return $"{system}-{RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()}";
        }
    }
}
