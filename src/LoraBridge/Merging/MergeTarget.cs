using LoraBridge.Formats;

namespace LoraBridge.Merging;

/// <summary>Where a merged model goes: one file, or several of one prefix.</summary>
internal sealed record MergeTarget(string Path, bool Overwrite, long? MaximumPartBytes)
{
    private const string Extension = ".gguf";
    private const string NumbersOfPart = "-00001-of-00001";

    /// <param name="inputs">The files that are read, which an output must not replace.</param>
    /// <exception cref="IOException">A file exists and may not be replaced.</exception>
    /// <exception cref="DirectoryNotFoundException">The folder does not exist.</exception>
    internal void Check(IEnumerable<string> inputs)
    {
        OutputPath.RequireFolder(Path);
        if (inputs.Select(OutputPath.RealPath).FirstOrDefault(IsWritten) is { } input)
            throw new IOException($"{input} is read by the merge and may not be replaced: choose another output.");
        if (Overwrite)
            return;
        var existing = MaximumPartBytes is null
            ? File.Exists(Path) ? Path : null
            : Directory.EnumerateFiles(Folder, $"{System.IO.Path.GetFileName(Prefix)}-00001-of-*{Extension}").FirstOrDefault();
        if (existing is not null)
            throw new IOException($"{existing} exists already and may not be replaced.");
    }

    /// <summary>Saves a model that is built.</summary>
    /// <param name="writer">The model.</param>
    /// <param name="check">Looks at a single file before it gets its name, and throws if it may not; null for no check.</param>
    /// <param name="progress">Receives the number of bytes written so far.</param>
    /// <param name="cancellationToken">Stops between two writes.</param>
    /// <returns>The paths of the files.</returns>
    internal IReadOnlyList<string> Save(
        GgufWriter writer, Action<string>? check, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        using var files = new TemporaryFiles(Overwrite);
        try
        {
            if (MaximumPartBytes is { } maximum)
            {
                var paths = writer.WriteSplit(Prefix, maximum, files.Open, progress, cancellationToken);
                files.Publish(check: null);
                return paths;
            }

            writer.WriteTo(files.Open(Path, writer.FileLength), progress, cancellationToken);
            files.Publish(check);
            return [Path];
        }
        catch (IOException fault) when (files.Renamed(fault) is { } renamed)
        {
            throw renamed;
        }
    }

    private bool IsWritten(string input) => MaximumPartBytes is null
        ? input == OutputPath.RealPath(Path)
        : IsPart(input, System.IO.Path.Combine(OutputPath.RealPath(Folder), System.IO.Path.GetFileName(Prefix)));

    /// <summary>Whether a file is one of those that a prefix stands for; the parts may have names that differ in case alone where that makes no difference.</summary>
    private static bool IsPart(string input, string prefix) =>
        input.StartsWith($"{prefix}-", OperatingSystem.IsLinux() ? StringComparison.Ordinal : StringComparison.OrdinalIgnoreCase)
        && input.Length == prefix.Length + NumbersOfPart.Length + Extension.Length;

    private string Folder => System.IO.Path.GetDirectoryName(Path)!;

    private string Prefix => Path.EndsWith(Extension, StringComparison.OrdinalIgnoreCase) ? Path[..^Extension.Length] : Path;
}
