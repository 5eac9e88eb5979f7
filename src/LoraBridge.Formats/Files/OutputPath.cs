namespace LoraBridge.Formats;

/// <summary>Checks of a path to write to, before any work.</summary>
internal static class OutputPath
{
    /// <exception cref="DirectoryNotFoundException">The folder of the path does not exist.</exception>
    internal static void RequireFolder(string path)
    {
        if (!Directory.Exists(Path.GetDirectoryName(Path.GetFullPath(path))))
            throw new DirectoryNotFoundException($"The folder of {path} does not exist.");
    }

    /// <summary>Whether the path is a file of the model.</summary>
    internal static bool IsPartOf(GgufModelFiles model, string path) =>
        model.Files.Any(file => Path.GetFullPath(file.Path) == Path.GetFullPath(path));
}
