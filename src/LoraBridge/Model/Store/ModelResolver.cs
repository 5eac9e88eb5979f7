namespace LoraBridge.Model.Store;

/// <summary>One question of a user: finds the model on this machine, or fetches it.</summary>
internal sealed class ModelResolver : IDisposable
{
    private const string MainBranch = "main";

    private readonly ModelStoreOptions _options;
    private readonly string _id;
    private readonly HubCache _cache;
    private readonly OtherTools _others;
    private readonly HubRequests _requests;
    private readonly HubClient _hub;
    private readonly DownloadMeter _meter;
    private readonly FileFetch _files;

    internal ModelResolver(ModelStoreOptions options, string id, IProgress<ModelDownloadProgress>? progress)
    {
        (_options, _id) = (options, id);
        _cache = new HubCache(options.CacheDirectory, options.Hooks.UseLinks);
        _others = new OtherTools(options.OtherDirectories);
        _requests = new HubRequests(options);
        _hub = new HubClient(_requests, options);
        _meter = new DownloadMeter(id, options.TimeProvider, progress);
        _files = new FileFetch(_cache, _hub, _requests, new VerifiedFiles(options.HomeDirectory), options, _meter);
    }

    internal FileFetch Files => _files;

    /// <summary>The model if it is on this machine; never asks the network.</summary>
    /// <param name="cancellationToken">Stops reading.</param>
    /// <param name="read">Whether files whose content was not verified yet are read.</param>
    internal async Task<StoredModel?> FindAsync(CancellationToken cancellationToken, bool read = true) => ModelIdentifier.Parse(_id, _options) switch
    {
        ModelIdentifier.LocalFile local => Local(local),
        ModelIdentifier.Ollama ollama => await OllamaAsync(ollama, read, cancellationToken),
        ModelIdentifier.Named named => await FindNamedAsync(named.Model, read, cancellationToken),
        ModelIdentifier.HubFile file => await FindCachedAsync(file, read, cancellationToken),
        ModelIdentifier.Address address => await FindAddressAsync(address, read, cancellationToken),
        _ => null,
    };

    /// <summary>The model, fetched if need be.</summary>
    internal async Task<StoredModel> PullAsync(CancellationToken cancellationToken)
    {
        var identifier = ModelIdentifier.Parse(_id, _options);
        var model = identifier switch
        {
            ModelIdentifier.LocalFile local => Local(local),
            ModelIdentifier.Ollama ollama => await OllamaAsync(ollama, read: true, cancellationToken),
            ModelIdentifier.Named named => await FindNamedAsync(named.Model, read: true, cancellationToken) ?? await FetchNamedAsync(named.Model, cancellationToken),
            ModelIdentifier.HubFile file => await HubAsync(file, cancellationToken),
            ModelIdentifier.Address address => await AddressAsync(address, cancellationToken),
            _ => throw new InvalidOperationException($"{identifier} is no model."),
        };
        _meter.Tell(ModelDownloadStage.Done);
        return model;
    }

    public void Dispose() => _requests.Dispose();

    private StoredModel Local(ModelIdentifier.LocalFile local)
    {
        var folder = Path.GetDirectoryName(local.Path)!;
        var names = Quantization.PartsOf(Path.GetFileName(local.Path));
        string[] parts = [.. names.Select(name => Path.Combine(folder, name))];
        // Which parts there must be is for the reader of the files to say.
        var files = parts.All(File.Exists) ? parts : [local.Path];
        return new StoredModel { Id = _id, Files = [.. files.Select(file => new StoredFile(file, new FileInfo(file).Length, null, false))] };
    }

    private async Task<StoredModel> OllamaAsync(ModelIdentifier.Ollama ollama, bool read, CancellationToken cancellationToken)
    {
        var (path, hash) = _others.FindOllama(ollama.Name);
        var file = await _files.FindAsync(path, ollama.Name, hash, cancellationToken, read)
            ?? throw new InvalidDataException($"{path} is damaged: its SHA-256 is not the one in its name. Fetch it again with 'ollama pull {ollama.Name}'.");
        return new StoredModel { Id = _id, Files = [file] };
    }

    /// <summary>A build in the preferred quantisation, whoever made it, that is on this machine.</summary>
    private async Task<StoredModel?> FindNamedAsync(CatalogueModel model, bool read, CancellationToken cancellationToken)
    {
        foreach (var build in Preferred(model))
        {
            WantedFile[] files = [.. FilesOf(build)];
            if (await FindAllAsync(files, read, cancellationToken) is { } found)
                return Stored(found, build.Repository, build.Revision, model.License);
        }
        return null;
    }

    private async Task<StoredModel> FetchNamedAsync(CatalogueModel model, CancellationToken cancellationToken)
    {
        if (_options.Offline)
            throw Offline();
        CatalogueBuild[] builds = [.. Preferred(model)];
        if (_options.Catalogue.MustBeAccepted(model.License) && !_options.AcceptLicenses)
            throw new ModelLicenseException(model.Id, model.License!, _hub.Page(builds[0].Repository));
        for (var i = 0; ; i++)
        {
            try
            {
                return await FetchAsync([.. FilesOf(builds[i])], model.License, _hub.Page(builds[i].Repository), fallback: null, cancellationToken);
            }
            catch (ModelDownloadException gone) when (gone.Reason == ModelDownloadFailure.NotFound && i + 1 < builds.Length)
            {
                _meter.Tell(ModelDownloadStage.Resolving, message: $"{gone.Message} Trying {builds[i + 1].Repository}.");
            }
        }
    }

    private async Task<StoredModel> HubAsync(ModelIdentifier.HubFile file, CancellationToken cancellationToken)
    {
        var revision = file.Revision ?? MainBranch;
        var cached = await FindCachedAsync(file, read: true, cancellationToken);
        if (cached is not null && (_options.Offline || Sha256Hex.IsCommit(revision)))
            return cached;
        if (_options.Offline)
            throw Offline();
        _meter.Tell(ModelDownloadStage.Resolving);
        try
        {
            var tries = cached is null ? RetryPolicy.DefaultTries : 2;
            var listed = file.File is null
                ? await Retry(tries).RunAsync(() => _hub.ListAsync(file.Repository, revision, cancellationToken), cancellationToken)
                : [];
            var names = file.File is { } name ? Quantization.PartsOf(name) : Quantization.Choose(listed.Select(entry => entry.Path), file.Quantization);
            if (names.Count == 0)
                throw NoSuchFile(file, revision, listed);
            WantedFile[] wanted = [.. names.Select(name => new WantedFile(file.Repository, revision, name, null, null))];
            return await FetchAsync(wanted, null, _hub.Page(file.Repository), cached, cancellationToken, listed);
        }
        catch (ModelDownloadException gone) when (cached is not null && gone.Reason is ModelDownloadFailure.Unreachable or ModelDownloadFailure.Unavailable)
        {
            _meter.Tell(ModelDownloadStage.Resolving, message: $"{gone.Message} What was fetched before is used.");
            return cached!;
        }
    }

    private async Task<StoredModel> AddressAsync(ModelIdentifier.Address address, CancellationToken cancellationToken)
    {
        var cached = await FindAddressAsync(address, read: true, cancellationToken);
        if (cached is not null && (_options.Offline || address.Sha256 is not null))
            return cached;
        if (_options.Offline)
            throw Offline();
        try
        {
            return await FetchAsync([Wanted(address)], null, new Uri(address.Uri.GetLeftPart(UriPartial.Path)), cached, cancellationToken);
        }
        catch (ModelDownloadException gone) when (cached is not null && gone.Reason is ModelDownloadFailure.Unreachable or ModelDownloadFailure.Unavailable)
        {
            _meter.Tell(ModelDownloadStage.Resolving, message: $"{gone.Message} What was fetched before is used.");
            return cached!;
        }
    }

    private async Task<StoredModel?> FindAddressAsync(ModelIdentifier.Address address, bool read, CancellationToken cancellationToken)
    {
        var wanted = Wanted(address);
        return await FindAllAsync([wanted], read, cancellationToken) is { } found ? Stored(found, HubRequests.Shown(address.Uri), null, null) : null;
    }

    /// <summary>What the cache has of a repository's branch, as it was when it was last fetched.</summary>
    private async Task<StoredModel?> FindCachedAsync(ModelIdentifier.HubFile file, bool read, CancellationToken cancellationToken)
    {
        var revision = file.Revision ?? MainBranch;
        if (_cache.Commit(file.Repository, revision) is not { } commit)
            return null;
        var names = file.File is { } name ? Quantization.PartsOf(name) : Quantization.Choose(_cache.SnapshotFiles(file.Repository, commit), file.Quantization);
        WantedFile[] wanted = [.. names.Select(name => new WantedFile(file.Repository, commit, name, null, null))];
        return wanted.Length > 0 && await FindAllAsync(wanted, read, cancellationToken) is { } found ? Stored(found, file.Repository, commit, null) : null;
    }

    private async Task<StoredFile[]?> FindAllAsync(WantedFile[] wanted, bool read, CancellationToken cancellationToken)
    {
        List<StoredFile> found = [];
        foreach (var file in wanted)
        {
            if (await FindAsync(file, read, cancellationToken) is not { } there)
                return null;
            found.Add(there);
        }
        // llama.cpp looks for the parts of a model beside the first.
        return found.Select(file => Path.GetDirectoryName(file.Path)).Distinct().Count() == 1 ? [.. found] : null;
    }

    private async Task<StoredFile?> FindAsync(WantedFile file, bool read, CancellationToken cancellationToken)
    {
        var path = Places(file).FirstOrDefault(File.Exists);
        if (path is not null && await _files.FindAsync(path, file.Name, file.Sha256, cancellationToken, read) is { } cached)
            return cached;
        return file.Sha256 is null ? null : await FindElsewhereAsync(file, read, cancellationToken);
    }

    /// <summary>Where the cache may have it. Without a hash, only the snapshot of the commit or branch that is asked for counts.</summary>
    private IEnumerable<string> Places(WantedFile file)
    {
        if (_cache.Commit(file.Repository, file.Revision) is { } commit)
            yield return _cache.Snapshot(file.Repository, commit, file.Name);
        if (file.Sha256 is null)
            yield break;
        foreach (var other in _cache.Commits(file.Repository))
        {
            var path = _cache.Snapshot(file.Repository, other, file.Name);
            if (File.Exists(path) && (HubCache.HashBehind(path) ?? file.Sha256) == file.Sha256)
                yield return path;
        }
    }

    private async Task<StoredFile?> FindElsewhereAsync(WantedFile file, bool read, CancellationToken cancellationToken)
    {
        foreach (var path in _others.Candidates(file.Repository, file.Name, file.Size, file.Sha256))
        {
            if (await _files.FindAsync(path, file.Name, file.Sha256, cancellationToken, read) is { } there)
                return there;
        }
        return null;
    }

    /// <summary>Fetches all files of a model that are not on this machine.</summary>
    private async Task<StoredModel> FetchAsync(
        WantedFile[] wanted, string? license, Uri page, StoredModel? fallback, CancellationToken cancellationToken, IReadOnlyList<ListedFile>? listed = null)
    {
        _meter.Tell(ModelDownloadStage.Resolving);
        var remotes = await DescribeAsync(wanted, listed ?? [], fallback is null ? RetryPolicy.DefaultTries : 2, cancellationToken);
        long? total = remotes.All(entry => Size(entry) is not null) ? remotes.Sum(entry => Size(entry)!.Value) : null;
        _meter.Total = total;
        // What another tool has under the hash that the hub gave need not be fetched.
        var elsewhere = await FindAllElsewhereAsync(remotes, cancellationToken);
        if (elsewhere is not null)
            return Stored(elsewhere, wanted[0].Repository, remotes[0].Remote.Commit, license);
        (WantedFile, RemoteFile)[] missing = [.. remotes.Where(entry => !IsThere(entry))];
        if (missing.Length > 0)
        {
            _meter.Tell(ModelDownloadStage.Starting, plan: new ModelDownloadPlan(
                wanted[0].Address is { } address ? HubRequests.Shown(address) : wanted[0].Repository, remotes[0].Remote.Commit, total, license, page,
                total is { } bytes ? ModelMemoryEstimate.ForFileSize(bytes) : null));
            RequireSpace(missing);
        }
        List<FileFetch.Result> results = [];
        foreach (var (file, remote) in remotes)
        {
            var result = await _files.RunAsync(file, remote, cancellationToken);
            _meter.Finish(result.File.Bytes);
            results.Add(result);
        }
        return Stored([.. results.Select(result => result.File)], wanted[0].Address is { } from ? HubRequests.Shown(from) : wanted[0].Repository, results[0].Commit, license) with
        {
            Downloaded = results.Any(result => result.Downloaded),
        };
    }

    private async Task<(WantedFile Wanted, RemoteFile Remote)[]> DescribeAsync(
        WantedFile[] wanted, IReadOnlyList<ListedFile> listed, int tries, CancellationToken cancellationToken)
    {
        List<(WantedFile, RemoteFile)> remotes = [];
        string? commit = null;
        foreach (var file in wanted)
        {
            // All parts of a model are of the commit that the first was of.
            var asked = file with { Revision = commit ?? file.Revision };
            var remote = await _files.DescribeAsync(asked, cancellationToken, tries);
            commit ??= remote.Commit;
            var entry = listed.FirstOrDefault(entry => entry.Path == file.Name);
            remotes.Add((remotes.Count == 0 ? file : asked, remote with { Sha256 = remote.Sha256 ?? entry?.Sha256, Size = remote.Size ?? entry?.Size }));
        }
        return [.. remotes];
    }

    private async Task<StoredFile[]?> FindAllElsewhereAsync((WantedFile Wanted, RemoteFile Remote)[] remotes, CancellationToken cancellationToken)
    {
        if (remotes.Any(IsThere))
            return null;
        List<StoredFile> found = [];
        foreach (var (wanted, remote) in remotes)
        {
            if ((wanted.Sha256 ?? remote.Sha256) is not { } hash
                || await FindElsewhereAsync(wanted with { Sha256 = hash, Size = wanted.Size ?? remote.Size }, read: true, cancellationToken) is not { } file)
            {
                return null;
            }
            found.Add(file);
        }
        return found.Select(file => Path.GetDirectoryName(file.Path)).Distinct().Count() == 1 ? [.. found] : null;
    }

    private bool IsThere((WantedFile Wanted, RemoteFile Remote) entry) =>
        entry.Remote.Commit is { } commit && File.Exists(_cache.Snapshot(entry.Wanted.Repository, commit, entry.Wanted.Name));

    /// <summary>Whether all files of a model fit is said before the first is begun.</summary>
    private void RequireSpace((WantedFile Wanted, RemoteFile Remote)[] missing)
    {
        try
        {
            Directory.CreateDirectory(_cache.Root);
        }
        catch (UnauthorizedAccessException refused)
        {
            throw FileFetch.ReadOnly(_cache, refused);
        }
        var free = _options.Hooks.FreeSpace(_cache.Root);
        var needed = missing.Sum(entry => (Size(entry) ?? 0) - PartBytes(entry));
        if (needed > free)
            throw new IOException($"{_cache.Root} has no room for {_id}: {needed} more bytes are needed, {free} are free. Make room, or set HF_HUB_CACHE to a folder on another disk.");
    }

    private long PartBytes((WantedFile Wanted, RemoteFile Remote) entry)
    {
        var part = (entry.Wanted.Sha256 ?? entry.Remote.Sha256) is { } hash ? new FileInfo($"{_cache.Blob(entry.Wanted.Repository, hash)}.part") : null;
        return part is { Exists: true } ? part.Length : 0;
    }

    private static long? Size((WantedFile Wanted, RemoteFile Remote) entry) => entry.Wanted.Size ?? entry.Remote.Size;

    private static IEnumerable<CatalogueBuild> Preferred(CatalogueModel model) => model.Builds.Where(build => build.Quantization == model.Builds[0].Quantization);

    private static IEnumerable<WantedFile> FilesOf(CatalogueBuild build) =>
        build.Files.Select(file => new WantedFile(build.Repository, build.Revision ?? MainBranch, file.Name, file.Size, file.Sha256));

    private static WantedFile Wanted(ModelIdentifier.Address address)
    {
        var host = string.Concat(address.Uri.Authority.Select(letter => char.IsAsciiLetterOrDigit(letter) || letter == '.' ? letter : '_')).TrimStart('_', '.');
        var repository = $"{host}/{Sha256Hex.Of(address.Uri.GetLeftPart(UriPartial.Path))[..16]}";
        return new WantedFile(repository, MainBranch, Uri.UnescapeDataString(address.Uri.Segments[^1]), null, address.Sha256, address.Uri);
    }

    private StoredModel Stored(StoredFile[] files, string repository, string? revision, string? license) =>
        new() { Id = _id, Files = [.. files], Repository = repository, Revision = revision, License = license };

    private RetryPolicy Retry(int tries) => new(_options.TimeProvider, message => _meter.Tell(ModelDownloadStage.Stalled, message: message), tries);

    private ModelDownloadException Offline() => new(ModelDownloadFailure.Offline,
        $"{_id} is not on this machine, and the network is switched off (LORABRIDGE_OFFLINE or HF_HUB_OFFLINE, --offline on the command line).");

    private static ModelDownloadException NoSuchFile(ModelIdentifier.HubFile file, string revision, IReadOnlyList<ListedFile> listed)
    {
        var there = Quantization.All(listed.Select(entry => entry.Path));
        return new ModelDownloadException(ModelDownloadFailure.NotFound, listed.Count == 0
            ? $"{file.Repository}@{revision} has no GGUF files."
            : $"{file.Repository}@{revision} has no GGUF file of {file.Quantization ?? "a model"}; it has {(there.Count > 0 ? string.Join(", ", there) : string.Join(", ", listed.Take(5).Select(entry => entry.Path)))}.");
    }
}
