namespace LoraBridge.Model.Store;

/// <summary>What tests put in the place of the network and the disk.</summary>
internal sealed record StoreHooks
{
    /// <summary>Sends requests; null uses sockets.</summary>
    internal HttpMessageHandler? Handler { get; init; }

    /// <summary>Bytes that are free where a path lies.</summary>
    internal Func<string, long> FreeSpace { get; init; } = path => new DriveInfo(path).AvailableFreeSpace;

    /// <summary>Stands between the downloader and the file that it writes.</summary>
    internal Func<Stream, Stream> Wrap { get; init; } = stream => stream;

    /// <summary>Whether the cache links from snapshots to blobs; without, as on Windows without the right to, the file itself lies in the snapshot.</summary>
    internal bool UseLinks { get; init; } = true;
}
