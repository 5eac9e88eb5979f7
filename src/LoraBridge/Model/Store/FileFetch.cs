namespace LoraBridge.Model.Store;

/// <summary>
/// Brings one file into the cache: asks the hub what it is, waits for other processes that fetch it, downloads, verifies, and gives it
/// its name. What is there already is not fetched again.
/// </summary>
internal sealed class FileFetch(
    HubCache cache, HubClient hub, HubRequests requests, VerifiedFiles verified, ModelStoreOptions options, DownloadMeter meter)
{
    /// <summary>A content that keeps changing while it is fetched is given up.</summary>
    private const int MaximumChanges = 3;

    /// <summary>A file in the cache, and the commit that it is of.</summary>
    internal sealed record Result(StoredFile File, string Commit, bool Downloaded);

    /// <summary>Asks what the file is.</summary>
    /// <exception cref="InvalidDataException">The hub has another content than the catalogue or the address says.</exception>
    internal async Task<RemoteFile> DescribeAsync(WantedFile wanted, CancellationToken cancellationToken, int tries = RetryPolicy.DefaultTries)
    {
        var retry = new RetryPolicy(options.TimeProvider, message => meter.Tell(ModelDownloadStage.Stalled, wanted.Name, message), tries);
        var remote = await retry.RunAsync(
            () => wanted.Address is { } address
                ? hub.HeadAddressAsync(address, cancellationToken)
                : hub.HeadAsync(wanted.Repository, wanted.Revision, wanted.Name, cancellationToken), cancellationToken);
        if (wanted.Sha256 is { } expected && remote.Sha256 is { } found && expected != found)
        {
            throw new InvalidDataException(
                $"{wanted.Repository} has another {wanted.Name} at {wanted.Revision} by now: its SHA-256 is {found}, expected {expected}. "
                + $"It was uploaded again; hf:{wanted.Repository} names what is there today.");
        }
        return remote;
    }

    /// <summary>Brings the file into the cache.</summary>
    /// <inheritdoc cref="FileDownload.RunAsync" path="/exception"/>
    internal async Task<Result> RunAsync(WantedFile wanted, RemoteFile remote, CancellationToken cancellationToken)
    {
        for (var change = 0; ; change++)
        {
            try
            {
                return await FetchAsync(wanted, remote, cancellationToken);
            }
            catch (FileDownload.ContentChanged) when (change < MaximumChanges)
            {
                meter.Tell(ModelDownloadStage.Resolving, wanted.Name, "The file has changed on the hub meanwhile: it is fetched anew.");
                remote = await DescribeAsync(wanted, cancellationToken);
            }
            catch (FileDownload.ContentChanged changing)
            {
                throw HubRequests.BadAnswer($"{wanted.Name} of {wanted.Repository} changes again and again while it is fetched.", changing);
            }
        }
    }

    /// <summary>A file that has this content, by its name in the cache; null when it is missing or its content is another.</summary>
    /// <param name="path">Where it would lie.</param>
    /// <param name="name">What progress calls it.</param>
    /// <param name="expected">Its SHA-256; null takes the name of the blob behind it.</param>
    /// <param name="cancellationToken">Stops reading.</param>
    /// <param name="read">Whether its content is read if it was not before.</param>
    internal async Task<StoredFile?> FindAsync(string path, string name, string? expected, CancellationToken cancellationToken, bool read = true)
    {
        if (!File.Exists(path))
            return null;
        var size = SizeOf(path);
        expected ??= HubCache.HashBehind(path);
        var hash = expected is null || !read ? verified.Recall(path) : await HashAsync(path, name, cancellationToken);
        if (read && expected is not null && hash != expected)
        {
            meter.Tell(ModelDownloadStage.Verifying, name, $"{path} is damaged: its SHA-256 is {hash}, expected {expected}. It is not used.");
            return null;
        }
        return new StoredFile(path, size, hash ?? expected, expected is not null && hash == expected);
    }

    private static long SizeOf(string path)
    {
        using var handle = File.OpenHandle(path, share: FileShare.ReadWrite | FileShare.Delete);
        return RandomAccess.GetLength(handle);
    }

    internal async Task<string> HashAsync(string path, string name, CancellationToken cancellationToken, bool anew = false)
    {
        try
        {
            meter.Begin(0);
            return await verified.HashAsync(path, done => meter.Advance(ModelDownloadStage.Verifying, name, done), cancellationToken, anew);
        }
        catch (Exception held) when (held is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"{path} cannot be read: {held.Message}", held);
        }
    }

    private async Task<Result> FetchAsync(WantedFile wanted, RemoteFile remote, CancellationToken cancellationToken)
    {
        var expected = wanted.Sha256 ?? remote.Sha256;
        var identity = expected ?? remote.ETag ?? Sha256Hex.Of((wanted.Address ?? remote.Location).GetLeftPart(UriPartial.Path));
        // Only what is a SHA-256 may look like one: whoever finds 64 digits takes them for the hash of the content.
        var key = expected ?? (Sha256Hex.IsCommit(identity) ? identity : Sha256Hex.Of(identity)[..40]);
        var commit = remote.Commit ?? (Sha256Hex.IsCommit(wanted.Revision) ? wanted.Revision : key[..40]);
        if (await FindAsync(cache.Snapshot(wanted.Repository, commit, wanted.Name), wanted.Name, expected, cancellationToken) is { } there)
        {
            NoteCommit(wanted, commit);
            return new Result(there, commit, Downloaded: false);
        }
        try
        {
            return await FetchAsync(wanted, remote, expected, key, commit, cancellationToken);
        }
        catch (UnauthorizedAccessException refused)
        {
            throw ReadOnly(cache, refused);
        }
    }

    internal static IOException ReadOnly(HubCache cache, UnauthorizedAccessException refused) =>
        new($"The cache {cache.Root} may not be written to: {refused.Message} Set HF_HUB_CACHE to a folder that may.", refused);

    /// <summary>A cache that may only be read still has its files.</summary>
    private void NoteCommit(WantedFile wanted, string commit)
    {
        try
        {
            cache.WriteRef(wanted.Repository, wanted.Revision, commit);
        }
        catch (UnauthorizedAccessException)
        {
            // The branch is asked for again the next time.
        }
    }

    private async Task<Result> FetchAsync(
        WantedFile wanted, RemoteFile remote, string? expected, string key, string commit, CancellationToken cancellationToken)
    {
        var blob = cache.Blob(wanted.Repository, key);
        var partPath = $"{blob}.part";
        using var held = await StoreLock.TakeAsync(cache.Lock(wanted.Repository, key), options.TimeProvider, () => meter.Tell(
            ModelDownloadStage.Waiting, wanted.Name, $"Another process{(PartFile.Owner(partPath) is { } owner ? $" ({owner})" : "")} downloads it."), cancellationToken);
        // Another process may have fetched it while this one waited, or another snapshot have the same content.
        var there = await FindAsync(cache.Snapshot(wanted.Repository, commit, wanted.Name), wanted.Name, expected, cancellationToken)
            ?? (expected is null ? null : await FindAsync(blob, wanted.Name, expected, cancellationToken));
        if (there is not null)
            return new Result(there with { Path = Name(wanted, commit, key) }, commit, Downloaded: false);

        Directory.CreateDirectory(Path.GetDirectoryName(blob)!);
        var part = await PartFile.OpenAsync(
            partPath, expected is not null, options.Hooks.Wrap, done => meter.Advance(ModelDownloadStage.Verifying, wanted.Name, done), cancellationToken);
        try
        {
            var hash = await new FileDownload(wanted, remote, part, hub, requests, options, meter).RunAsync(cancellationToken);
            var length = part.Length;
            part.Publish(blob);
            var path = Name(wanted, commit, key);
            verified.Remember(path, hash);
            if (expected is null)
                meter.Tell(ModelDownloadStage.Done, wanted.Name, $"{wanted.Name} is unverified: {HubRequests.Shown(remote.Location)} does not say its SHA-256. It is {hash}.", length);
            return new Result(new StoredFile(path, length, hash, expected is not null), commit, Downloaded: true);
        }
        catch (NotTheFile fault)
        {
            part.Delete();
            throw new InvalidDataException(fault.Message, fault);
        }
        catch (FileDownload.ContentChanged)
        {
            part.Delete();
            throw;
        }
        finally
        {
            part.Dispose();
        }
    }

    private string Name(WantedFile wanted, string commit, string key)
    {
        try
        {
            var path = cache.Link(wanted.Repository, commit, wanted.Name, key);
            cache.WriteRef(wanted.Repository, wanted.Revision, commit);
            return path;
        }
        catch (IOException held)
        {
            throw new IOException($"{cache.Snapshot(wanted.Repository, commit, wanted.Name)} cannot be replaced, perhaps because a program has it open: {held.Message}", held);
        }
    }
}
