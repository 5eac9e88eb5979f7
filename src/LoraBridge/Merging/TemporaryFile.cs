using LoraBridge.Formats;
using LoraBridge.Native;

namespace LoraBridge.Merging;

/// <summary>
/// A file on the disk of its target that becomes the target, whole, or goes. Where the system has files without a name it has none
/// until then, so that not even a killed process leaves litter; elsewhere the next write to the target deletes what a killed one left.
/// </summary>
internal sealed class TemporaryFile : IDisposable
{
    private readonly UnnamedFile? _unnamed;
    private readonly string _target;
    private readonly string _reserved;
    private readonly bool _overwrite;

    /// <param name="target">The path that the file may get; its folder must exist.</param>
    /// <param name="overwrite">Whether an existing file may be replaced.</param>
    /// <param name="expectedBytes">The size it will have, if known: the free space is checked before anything is written.</param>
    /// <exception cref="IOException">The target exists and may not be replaced, or the disk has too little space.</exception>
    /// <exception cref="DirectoryNotFoundException">The folder does not exist.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder may not be written to, or the target is a folder.</exception>
    internal TemporaryFile(string target, bool overwrite, long expectedBytes = 0)
    {
        (_target, _overwrite) = (target, overwrite);
        _reserved = AtomicFile.ReserveTemporaryPath(target, overwrite, expectedBytes);
        _unnamed = UnnamedFile.TryCreate(System.IO.Path.GetDirectoryName(target)!);
    }

    /// <summary>Where this process, llama.cpp included, writes and reads it.</summary>
    internal string Path => _unnamed?.Path ?? _reserved;

    /// <summary>Opens the file, empty so far. Nothing is buffered, so that closing it cannot fail.</summary>
    internal FileStream OpenWrite() => new(Path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.None, bufferSize: 0);

    /// <summary>Flushes the closed file to the disk: all slow work is to be done before it has a name.</summary>
    /// <exception cref="IOException">The disk is full.</exception>
    internal void Flush()
    {
        using var stream = new FileStream(Path, FileMode.Open, FileAccess.ReadWrite, FileShare.Read);
        stream.Flush(flushToDisk: true);
    }

    /// <summary>Gives the file its name, which takes no time if it was flushed before.</summary>
    /// <exception cref="IOException">The disk is full, or a file of this name has appeared and may not be replaced.</exception>
    internal void Publish()
    {
        _unnamed?.Link(_reserved);
        AtomicFile.Adopt(_reserved, _target, _overwrite);
    }

    /// <summary>A fault that names the file by the target, because nobody knows its own path; null where it does not name the file.</summary>
    internal IOException? Renamed(IOException fault) =>
        fault.Message.Contains(Path, StringComparison.Ordinal) ? new IOException(fault.Message.Replace(Path, _target, StringComparison.Ordinal), fault) : null;

    public void Dispose()
    {
        _unnamed?.Dispose();
        File.Delete(_reserved);
    }
}
