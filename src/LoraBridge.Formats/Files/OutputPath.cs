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

    /// <summary>Tries to write beside the path: hours of work are not lost for a folder that takes no files.</summary>
    /// <exception cref="DirectoryNotFoundException">The folder of the path does not exist.</exception>
    /// <exception cref="IOException">The folder takes no file of such a name.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder may not be written to.</exception>
    internal static void RequireWritable(string path)
    {
        RequireFolder(path);
        try
        {
            AtomicFile.Create(path, overwrite: true).Dispose();
        }
        catch (IOException fault)
        {
            throw new IOException($"{path} cannot be written: {fault.Message}", fault);
        }
    }

    /// <summary>Whether the path is a file of the model, however it is written.</summary>
    internal static bool IsPartOf(GgufModelFiles model, string path)
    {
        var real = RealPath(path);
        return model.Files.Any(file => RealPath(file.Path) == real);
    }

    /// <summary>
    /// The one path of a file: through links, of the file and of the folders on the way, and in the case that the file system keeps
    /// where it ignores case. What does not exist stays as it is written.
    /// </summary>
    internal static string RealPath(string path)
    {
        var full = Path.GetFullPath(path);
        var real = Path.GetPathRoot(full)!;
        foreach (var name in full[real.Length..].Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries))
        {
            var next = Path.Combine(real, name);
            FileSystemInfo entry = Directory.Exists(next) ? new DirectoryInfo(next) : new FileInfo(next);
            real = !entry.Exists ? next
                : entry.ResolveLinkTarget(returnFinalTarget: true) is { } target ? RealPath(target.FullName)
                : Path.Combine(real, StoredName(real, name));
        }
        return real;
    }

    /// <summary>The name under which a folder lists an entry that exists.</summary>
    private static string StoredName(string folder, string name)
    {
        var other = name.Any(char.IsLower) ? name.ToUpperInvariant() : name.ToLowerInvariant();
        // Only where case is ignored, or where two files differ in nothing else, is there an entry of the other case.
        return other != name && Path.Exists(Path.Combine(folder, other)) ? StoredName(Directory.EnumerateFileSystemEntries(folder), name) : name;
    }

    /// <summary>The name itself if it is listed; otherwise the one that differs in nothing but case.</summary>
    internal static string StoredName(IEnumerable<string> entries, string name)
    {
        var found = name;
        foreach (var entry in entries.Select(Path.GetFileName))
        {
            if (entry == name)
                return name;
            if (string.Equals(entry, name, StringComparison.OrdinalIgnoreCase))
                found = entry!;
        }
        return found;
    }
}
