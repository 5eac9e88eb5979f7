namespace LoraBridge.Merging;

/// <summary>Files that appear together, when all of them are complete.</summary>
internal sealed class TemporaryFiles(bool overwrite) : IDisposable
{
    private readonly List<(TemporaryFile File, FileStream Stream)> _files = [];

    /// <summary>Starts a file, and closes the one before.</summary>
    /// <param name="path">The path the file will have.</param>
    /// <param name="bytes">The size it will have.</param>
    /// <inheritdoc cref="TemporaryFile(string, bool, long)" path="/exception"/>
    internal Stream Open(string path, long bytes)
    {
        CloseLast();
        var file = new TemporaryFile(path, overwrite, bytes);
        try
        {
            _files.Add((file, file.OpenWrite()));
            return _files[^1].Stream;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Gives all files their names, the first one last: who finds it finds the others.</summary>
    /// <param name="check">Looks at the first file before it gets its name, and throws if it may not; null for no check.</param>
    internal void Publish(Action<string>? check)
    {
        CloseLast();
        check?.Invoke(_files[0].File.Path);
        foreach (var (file, _) in _files)
            file.Flush();
        for (var i = _files.Count - 1; i >= 0; i--)
            _files[i].File.Publish();
    }

    /// <inheritdoc cref="TemporaryFile.Renamed"/>
    internal IOException? Renamed(IOException fault) => _files.Select(entry => entry.File.Renamed(fault)).FirstOrDefault(renamed => renamed is not null);

    public void Dispose()
    {
        foreach (var (file, stream) in _files)
        {
            stream.Dispose();
            file.Dispose();
        }
    }

    private void CloseLast()
    {
        if (_files.Count > 0)
            _files[^1].Stream.Dispose();
    }
}
