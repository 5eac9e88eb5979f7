using System.Globalization;
using System.Runtime.CompilerServices;
using LoraBridge.Model.Catalogue;
using LoraBridge.Model.Store;

namespace LoraBridge.Model;

/// <content>What is in the cache, and putting it in order.</content>
public sealed partial class ModelStore
{
    /// <summary>Lists the GGUF models in the cache, whichever tool downloaded them. A model in several files is listed once.</summary>
    /// <param name="cancellationToken">Stops it.</param>
    public Task<IReadOnlyList<StoredModel>> ListAsync(CancellationToken cancellationToken = default) => Task.Run(() => List(cancellationToken), cancellationToken);

    /// <summary>Reads all files of a model again and compares each SHA-256 with the expected one.</summary>
    /// <param name="id">Any identifier of a model that is on this machine.</param>
    /// <param name="progress">Receives the progress.</param>
    /// <param name="cancellationToken">Stops reading.</param>
    /// <returns>The model; <see cref="StoredModel.Verified"/> is false when no SHA-256 is known to compare with.</returns>
    /// <exception cref="FileNotFoundException">The model is not on this machine.</exception>
    /// <exception cref="InvalidDataException">A file is damaged; the message has both hashes.</exception>
    public Task<StoredModel> VerifyAsync(string id, IProgress<ModelDownloadProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(id);
        return Task.Run(async () =>
        {
            using var resolver = new ModelResolver(Options, id, progress);
            var model = await resolver.FindAsync(cancellationToken, read: false) ?? throw NotHere(id);
            List<StoredFile> files = [];
            foreach (var file in model.Files)
            {
                var hash = await resolver.Files.HashAsync(file.Path, Path.GetFileName(file.Path), cancellationToken, anew: true);
                var expected = ExpectedHash(id, file);
                if (expected is not null && hash != expected)
                    throw new InvalidDataException($"{file.Path} is damaged: its SHA-256 is {hash}, expected {expected}. Remove it and pull it again.");
                files.Add(file with { Sha256 = hash, Verified = expected is not null });
            }
            return model with { Files = [.. files] };
        }, cancellationToken);
    }

    /// <summary>Removes a model from the cache. What other tools keep in folders of their own is not touched.</summary>
    /// <param name="id">Any identifier of a model in the cache.</param>
    /// <param name="cancellationToken">Stops before the next file.</param>
    /// <returns>The number of bytes freed; content that another snapshot shares is kept.</returns>
    /// <exception cref="FileNotFoundException">The model is not on this machine.</exception>
    /// <exception cref="InvalidOperationException">It lies in a folder of the user or of another tool.</exception>
    /// <exception cref="IOException">A file cannot be removed, perhaps because a program has it open.</exception>
    public Task<long> RemoveAsync(string id, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(id);
        return Task.Run(async () =>
        {
            using var resolver = new ModelResolver(Options, id, null);
            var model = await resolver.FindAsync(cancellationToken, read: false) ?? throw NotHere(id);
            var cache = Cache();
            (string, string, string)[] files = [.. model.Files.Select(file => Place(cache, file.Path)
                ?? throw new InvalidOperationException($"{file.Path} is not in the cache {cache.Root}: remove it with the tool that it belongs to."))];
            long freed = 0;
            foreach (var (repository, commit, name) in files)
            {
                cancellationToken.ThrowIfCancellationRequested();
                freed += cache.Remove(repository, commit, name);
            }
            ModelImport.Forget(Options, model);
            return freed;
        }, cancellationToken);
    }

    /// <summary>
    /// Copies a model file into the cache: under its catalogue name if its SHA-256 is known there, otherwise under a new name, which is
    /// added to the user's catalogue.
    /// </summary>
    /// <param name="source">A GGUF file, the first of several, or <c>ollama:name[:tag]</c>.</param>
    /// <param name="id">The name, <c>family[:size]</c>; not needed for a file that the catalogue knows.</param>
    /// <param name="progress">Receives the progress.</param>
    /// <param name="cancellationToken">Stops it; nothing is left behind.</param>
    /// <exception cref="ArgumentException">A name is needed, malformed, or belongs to another model.</exception>
    /// <exception cref="FileNotFoundException">There is no such file, or a part of the model is missing.</exception>
    /// <exception cref="InvalidDataException">The file is no GGUF model.</exception>
    /// <exception cref="IOException">The disk is full, or the cache may not be written to.</exception>
    public Task<StoredModel> ImportAsync(
        string source, string? id = null, IProgress<ModelDownloadProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(source);
        if (id is not null && !CatalogueRules.IsId(id))
            throw new ArgumentException($"'{SafeNames.Printable(id)}' is no name for a model, expected family[:size] of small letters, digits, '.', '-' and '_'.", nameof(id));
        return Task.Run(async () =>
        {
            using var resolver = new ModelResolver(Options, source, progress);
            var found = await resolver.FindAsync(cancellationToken) ?? throw NotHere(source);
            var imported = await ModelImport.RunAsync(Options, found, id, resolver.Files, cancellationToken);
            // Its name is known from now on.
            Options = Options with { Catalogue = Options.Catalogue.OverlaidBy(Options.HomeDirectory) };
            return imported;
        }, cancellationToken);
    }

    /// <summary>Compares every file of the catalogue with the hub, one request each. For maintainers of a catalogue.</summary>
    /// <param name="cancellationToken">Stops asking.</param>
    public async IAsyncEnumerable<CatalogueCheck> CheckCatalogueAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        if (Options.Offline)
            throw new ModelDownloadException(ModelDownloadFailure.Offline, "The network is switched off: a catalogue cannot be compared with the hub.");
        using var requests = new HubRequests(Options);
        var hub = new HubClient(requests, Options);
        foreach (var model in Options.Catalogue.Models)
        {
            foreach (var build in model.Builds.Where(build => !build.Repository.StartsWith(ModelImport.Owner, StringComparison.Ordinal)))
            {
                foreach (var file in build.Files)
                    yield return await CheckAsync(hub, model, build, file, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private IReadOnlyList<StoredModel> List(CancellationToken cancellationToken)
    {
        var cache = Cache();
        var verified = new VerifiedFiles(Options.HomeDirectory);
        List<StoredModel> models = [];
        foreach (var repository in cache.Repositories())
        {
            foreach (var commit in cache.Commits(repository))
            {
                cancellationToken.ThrowIfCancellationRequested();
                var names = cache.SnapshotFiles(repository, commit);
                foreach (var name in names.Where(name => name.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase)))
                {
                    var parts = Quantization.PartsOf(name);
                    if (parts[0] != name || !parts.All(names.Contains))
                        continue;
                    models.Add(new StoredModel
                    {
                        Id = NameInCatalogue(repository, name) ?? ModelIdentifier.Of(repository, commit, name),
                        Files = [.. parts.Select(part => Stored(cache.Snapshot(repository, commit, part), verified))],
                        Repository = repository,
                        Revision = commit,
                    });
                }
            }
        }
        return models;
    }

    private static StoredFile Stored(string path, VerifiedFiles verified)
    {
        var (hash, expected) = (verified.Recall(path), HubCache.HashBehind(path));
        var size = new FileInfo(new FileInfo(path).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? path).Length;
        return new StoredFile(path, size, hash ?? expected, hash is not null && (expected is null || hash == expected));
    }

    private string? NameInCatalogue(string repository, string file) => Options.Catalogue.Models
        .FirstOrDefault(model => model.Builds.Any(build => build.Repository == repository && build.Files[0].Name == file)) is { } model
            ? model.Builds[0].Repository == repository && model.Builds[0].Files[0].Name == file ? model.Id : null
            : null;

    private string? ExpectedHash(string id, StoredFile file)
    {
        if (HubCache.HashBehind(file.Path) is { } named)
            return named;
        var name = Path.GetFileName(file.Path);
        return Options.Catalogue.Find(id)?.Builds.SelectMany(build => build.Files).FirstOrDefault(entry => Path.GetFileName(entry.Name) == name)?.Sha256
            ?? file.Sha256;
    }

    private static async Task<CatalogueCheck> CheckAsync(
        HubClient hub, CatalogueModel model, CatalogueBuild build, CatalogueFile file, CancellationToken cancellationToken)
    {
        try
        {
            var remote = await hub.HeadAsync(build.Repository, build.Revision ?? "main", file.Name, cancellationToken).ConfigureAwait(false);
            string?[] differences =
            [
                file.Size is { } size && remote.Size != size ? $"size {remote.Size?.ToString(CultureInfo.InvariantCulture) ?? "unknown"}, expected {size}" : null,
                file.Sha256 is { } hash && remote.Sha256 != hash ? $"SHA-256 {remote.Sha256 ?? "unknown"}, expected {hash}" : null,
            ];
            var problem = string.Join("; ", differences.OfType<string>());
            return new CatalogueCheck(model.Id, build, file, problem.Length > 0 ? problem : null, remote.Commit, remote.Size, remote.Sha256);
        }
        catch (Exception fault) when (fault is ModelDownloadException or TransientFault)
        {
            return new CatalogueCheck(model.Id, build, file, fault.Message, null, null, null);
        }
    }

    private HubCache Cache() => new(Options.CacheDirectory, Options.Hooks.UseLinks);

    /// <summary>Where in the cache a path lies; null when it is elsewhere.</summary>
    private static (string Repository, string Commit, string Name)? Place(HubCache cache, string path)
    {
        var parts = Path.GetRelativePath(cache.Root, path).Split(Path.DirectorySeparatorChar);
        return parts is [var folder, "snapshots", var commit, _, ..] && folder.StartsWith("models--", StringComparison.Ordinal)
            ? (folder["models--".Length..].Replace("--", "/", StringComparison.Ordinal), commit, string.Join('/', parts[3..]))
            : null;
    }

    private FileNotFoundException NotHere(string id) => new($"{id} is not on this machine (looked in {string.Join(", ", Options.OtherDirectories.Prepend(Options.CacheDirectory))}).");
}

/// <summary>What the hub says about one file of a catalogue.</summary>
/// <param name="Id">The model.</param>
/// <param name="Build">The build that the file is of.</param>
/// <param name="File">The file as the catalogue has it.</param>
/// <param name="Problem">What differs; null when nothing does.</param>
/// <param name="Commit">The commit that the hub names; null when it does not.</param>
/// <param name="Size">Bytes as the hub has them; null when it does not say.</param>
/// <param name="Sha256">The SHA-256 as the hub has it; null when it does not say.</param>
public sealed record CatalogueCheck(
    string Id, CatalogueBuild Build, CatalogueFile File, string? Problem, string? Commit, long? Size, string? Sha256);
