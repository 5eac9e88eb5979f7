using LoraBridge.Formats;

namespace LoraBridge.Finetuning.Merging;

/// <summary>Where a merged model goes: one file, or several of one prefix.</summary>
internal sealed record MergeTarget(string Path, bool Overwrite, long? MaximumPartBytes)
{
    private const string Extension = ".gguf";

    /// <exception cref="IOException">A file exists and may not be replaced.</exception>
    internal void Check()
    {
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
    /// <param name="check">Looks at the file before it gets its name, and throws if it may not; null for no check.</param>
    /// <param name="progress">Told the bytes written so far.</param>
    /// <param name="cancellationToken">Stops between two writes.</param>
    /// <returns>The paths of the files.</returns>
    internal IReadOnlyList<string> Save(
        GgufWriter writer, Action<string>? check, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        if (MaximumPartBytes is { } maximum)
            return writer.SaveSplit(Prefix, maximum, Overwrite, progress, cancellationToken);
        using var temporary = new TemporaryFile(Path, Overwrite, writer.FileLength);
        using (var stream = new FileStream(temporary.Path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.None))
            writer.WriteTo(stream, progress, cancellationToken);
        check?.Invoke(temporary.Path);
        temporary.Publish();
        return [Path];
    }

    private string Folder => System.IO.Path.GetDirectoryName(Path)!;

    private string Prefix => Path.EndsWith(Extension, StringComparison.OrdinalIgnoreCase) ? Path[..^Extension.Length] : Path;
}
