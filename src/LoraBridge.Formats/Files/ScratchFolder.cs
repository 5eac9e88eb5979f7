namespace LoraBridge.Formats;

/// <summary>A new folder among the system's temporary files, which goes with all that is in it when it is disposed.</summary>
internal sealed class ScratchFolder : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("lorabridge-");

    /// <summary>The path of a file in the folder.</summary>
    public string this[string name] => System.IO.Path.Combine(_folder.FullName, name);

    public void Dispose() => _folder.Delete(recursive: true);
}
