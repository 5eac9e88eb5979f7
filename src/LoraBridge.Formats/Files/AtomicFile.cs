using System.Security.Cryptography;

namespace LoraBridge.Formats;

/// <summary>
/// A file that appears whole or not at all. It is written under a temporary name in the folder of its target, flushed to the
/// disk and renamed by <see cref="Commit"/>; disposing it before that deletes it and leaves an older target as it was.
/// </summary>
/// <remarks>
/// A process that is killed cannot delete its temporary file. The next write to the same target does: the file of a living
/// writer is locked, that of a dead one is not.
/// </remarks>
public sealed class AtomicFile : IDisposable
{
    private const string TemporarySuffix = ".tmp";

    private readonly FileStream _stream;
    private bool _finished;
    private bool _disposed;

    private AtomicFile(string path, string temporaryPath, bool overwrite)
    {
        Path = path;
        TemporaryPath = temporaryPath;
        Overwrite = overwrite;
        _stream = new FileStream(temporaryPath, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 1 << 16);
    }

    /// <summary>The full path the file will have.</summary>
    public string Path { get; }

    /// <summary>The full path the file has until it is committed.</summary>
    public string TemporaryPath { get; }

    /// <summary>Whether an existing file is replaced.</summary>
    public bool Overwrite { get; }

    /// <summary>Where the content goes.</summary>
    public Stream Stream => _stream;

    /// <summary>Starts a file.</summary>
    /// <param name="path">The path it will have; its folder must exist.</param>
    /// <param name="overwrite">Whether an existing file may be replaced.</param>
    /// <param name="expectedBytes">The size it will have, if known: the free space is checked before anything is written.</param>
    /// <exception cref="IOException">The file exists and may not be replaced, or the disk has too little space.</exception>
    /// <exception cref="DirectoryNotFoundException">The folder does not exist.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder may not be written to, or the path is a folder.</exception>
    public static AtomicFile Create(string path, bool overwrite, long expectedBytes = 0)
    {
        var target = System.IO.Path.GetFullPath(CheckPath(path));
        return new AtomicFile(target, ReserveTemporaryPath(target, overwrite, expectedBytes), overwrite);
    }

    /// <summary>
    /// The path for a temporary file that something else writes: in the folder of the target, under a name that the next write to
    /// the target deletes if it is left behind. <see cref="Adopt"/> gives it its name.
    /// </summary>
    /// <inheritdoc cref="Create"/>
    public static string ReserveTemporaryPath(string path, bool overwrite, long expectedBytes = 0)
    {
        var target = System.IO.Path.GetFullPath(CheckPath(path));
        if (Directory.Exists(target))
            throw new UnauthorizedAccessException($"{target} is a folder, expected the path of a file.");
        var folder = System.IO.Path.GetDirectoryName(target);
        if (!Directory.Exists(folder))
            throw new DirectoryNotFoundException($"The folder of {target} does not exist.");
        CheckTarget(target, overwrite);
        DeleteAbandoned(folder, System.IO.Path.GetFileName(target));
        EnsureFreeSpace(target, expectedBytes);

        var unique = RandomNumberGenerator.GetHexString(8, lowercase: true);
        return System.IO.Path.Combine(folder, $".{System.IO.Path.GetFileName(target)}.{unique}{TemporarySuffix}");
    }

    /// <summary>Flushes a closed file to the disk and gives it its name.</summary>
    /// <param name="temporaryPath">A path of <see cref="ReserveTemporaryPath"/>, by now a file.</param>
    /// <param name="path">The path the file will have.</param>
    /// <param name="overwrite">Whether an existing file may be replaced.</param>
    /// <exception cref="IOException">The disk is full, or a file of this name exists and may not be replaced.</exception>
    public static void Adopt(string temporaryPath, string path, bool overwrite)
    {
        using (var stream = new FileStream(temporaryPath, FileMode.Open, FileAccess.ReadWrite, FileShare.Read))
            stream.Flush(flushToDisk: true);
        Rename(temporaryPath, path, overwrite);
    }

    /// <summary>Writes a file in one call.</summary>
    /// <param name="path">The path it will have; its folder must exist.</param>
    /// <param name="overwrite">Whether an existing file may be replaced.</param>
    /// <param name="write">Writes the content; when it throws, nothing is left behind.</param>
    /// <param name="expectedBytes">The size it will have, if known.</param>
    /// <inheritdoc cref="Create" path="/exception"/>
    public static void Write(string path, bool overwrite, Action<Stream> write, long expectedBytes = 0)
    {
        ArgumentNullException.ThrowIfNull(write);
        using var file = Create(path, overwrite, expectedBytes);
        write(file.Stream);
        file.Commit();
    }

    /// <summary>Checks that the disk a path lies on has room, where the system tells: Windows does not for network shares.</summary>
    /// <exception cref="IOException">Less than <paramref name="bytes"/> are free.</exception>
    public static void EnsureFreeSpace(string path, long bytes)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        var folder = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path)) ?? path;
        if (FreeSpace(folder) is { } free && free < bytes)
            throw new IOException($"{path} needs {bytes} bytes, but only {free} are free on its disk.");
    }

    /// <summary>The bytes that are free where a folder lies; null where the system does not tell.</summary>
    public static long? FreeSpace(string folder) =>
        DriveOf(System.IO.Path.GetFullPath(folder), OperatingSystem.IsWindows()) is { } drive ? new DriveInfo(drive).AvailableFreeSpace : null;

    /// <summary>What <see cref="DriveInfo"/> takes: any path, but on Windows only paths that begin with the letter of a drive.</summary>
    /// <param name="path">A full path; on Windows perhaps <c>\\?\C:\models</c>, <c>\\server\share</c> or <c>\\?\UNC\server\share</c>.</param>
    /// <param name="isWindows">Whether the path is one of Windows.</param>
    /// <returns>The path or its drive; null where it has none.</returns>
    internal static string? DriveOf(string path, bool isWindows)
    {
        if (!isWindows)
            return path;
        var plain = path.StartsWith(@"\\?\", StringComparison.Ordinal) || path.StartsWith(@"\\.\", StringComparison.Ordinal) ? path[4..] : path;
        return plain.Length >= 2 && char.IsAsciiLetter(plain[0]) && plain[1] == ':' ? $"{plain[0]}:\\" : null;
    }

    /// <summary>Flushes the file to the disk, closes it and gives it its name.</summary>
    /// <exception cref="IOException">The disk is full, or a file of this name has appeared and may not be replaced.</exception>
    /// <exception cref="InvalidOperationException">The file is committed already.</exception>
    /// <exception cref="ObjectDisposedException">The file is disposed.</exception>
    public void Commit()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (_finished)
            throw new InvalidOperationException($"{Path} is committed already.");
        _stream.Flush(flushToDisk: true);
        _stream.Dispose();
        Rename(TemporaryPath, Path, Overwrite);
        _finished = true;
    }

    /// <summary>Deletes the temporary file if it was not committed.</summary>
    public void Dispose()
    {
        _disposed = true;
        if (_finished)
            return;
        _finished = true;
        try
        {
            _stream.Dispose();
        }
        finally
        {
            // Closing writes the last buffer, which a full disk refuses; the file goes all the same.
            File.Delete(TemporaryPath);
        }
    }

    private static string CheckPath(string path)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        return path;
    }

    private static void Rename(string temporaryPath, string target, bool overwrite)
    {
        CheckTarget(target, overwrite);
        try
        {
            File.Move(temporaryPath, target, overwrite);
        }
        catch (UnauthorizedAccessException fault) when (File.Exists(target))
        {
            // The folder may be written to: the temporary file lies in it.
            throw new IOException($"{target} cannot be replaced: it is read-only, or another program, or a model that is loaded, uses it.", fault);
        }
    }

    private static void CheckTarget(string target, bool overwrite)
    {
        if (!overwrite && File.Exists(target))
            throw new IOException($"{target} exists already and may not be replaced.");
    }

    private static void DeleteAbandoned(string folder, string name)
    {
        foreach (var candidate in Directory.EnumerateFiles(folder, ".*" + TemporarySuffix))
        {
            if (IsTemporaryOf(System.IO.Path.GetFileName(candidate), name) && !IsInUse(candidate))
                File.Delete(candidate);
        }
    }

    private static bool IsTemporaryOf(string candidate, string name)
    {
        var prefix = $".{name}.";
        return candidate.StartsWith(prefix, StringComparison.Ordinal)
            && candidate.Length == prefix.Length + 8 + TemporarySuffix.Length
            && !candidate.AsSpan(prefix.Length, 8).ContainsAnyExcept("0123456789abcdef");
    }

    private static bool IsInUse(string path)
    {
        try
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
            return false;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return true;
        }
    }
}
