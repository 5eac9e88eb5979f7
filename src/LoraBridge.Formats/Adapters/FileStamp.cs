namespace LoraBridge.Formats;

/// <summary>Tells whether a file is still the one that was read: training writes a new file in its place.</summary>
/// <param name="Length">Bytes.</param>
/// <param name="Written">When it was last written.</param>
internal readonly record struct FileStamp(long Length, DateTime Written)
{
    /// <summary>The stamp of a file, through links; all zero when it is gone.</summary>
    internal static FileStamp Of(string path)
    {
        var file = new FileInfo(File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path);
        return file.Exists ? new FileStamp(file.Length, file.LastWriteTimeUtc) : default;
    }
}
