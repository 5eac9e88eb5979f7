using System.Security.Cryptography;
using LoraBridge.Formats;
using LoraBridge.Model.Catalogue;

namespace LoraBridge.Model.Store;

/// <summary>Copies of users' own files in the cache, and their names in the user's catalogue.</summary>
internal static class ModelImport
{
    /// <summary>The owner of repositories that no hub has.</summary>
    internal const string Owner = "local/";

    private const int BufferSize = 1 << 20;

    internal static async Task<StoredModel> RunAsync(
        ModelStoreOptions options, StoredModel found, string? id, FileFetch files, CancellationToken cancellationToken)
    {
        using var parts = ModelLoader.Open(found.Path);
        List<StoredFile> hashed = [];
        foreach (var file in parts.Files)
            hashed.Add(new StoredFile(file.Path, new FileInfo(file.Path).Length, await files.HashAsync(file.Path, Path.GetFileName(file.Path), cancellationToken), false));

        var known = Known(options.Catalogue, hashed);
        if (known is null && id is null)
            throw new ArgumentException($"The catalogue does not know {found.Path}: give it a name.");
        if (id is not null && options.Catalogue.Find(id) is { } other && known?.Model.Id != other.Id && !other.Builds[0].Repository.StartsWith(Owner, StringComparison.Ordinal))
            throw new ArgumentException($"'{id}' is the name of another model of the catalogue: choose one that is free.");
        var build = known?.Build ?? Describe(id!, parts.Metadata, hashed);
        var revision = build.Revision ?? hashed[0].Sha256![..40];
        var cache = new HubCache(options.CacheDirectory, options.Hooks.UseLinks);
        List<StoredFile> stored = [];
        for (var i = 0; i < hashed.Count; i++)
        {
            var path = await CopyAsync(options, cache, hashed[i], build.Repository, revision, build.Files[i].Name, cancellationToken);
            new VerifiedFiles(options.HomeDirectory).Remember(path, hashed[i].Sha256!);
            stored.Add(hashed[i] with { Path = path, Verified = true });
        }
        if (known is null)
            Register(options, Named(id!, parts.Metadata, build));
        return new StoredModel
        {
            Id = known?.Model.Id ?? id!, Files = [.. stored], Repository = build.Repository, Revision = revision, License = known?.Model.License,
        };
    }

    /// <summary>Takes the name of an imported model out of the user's catalogue.</summary>
    internal static void Forget(ModelStoreOptions options, StoredModel model)
    {
        if (model.Repository?.StartsWith(Owner, StringComparison.Ordinal) == true)
            Rewrite(options, models => models.RemoveAll(entry => entry.Builds.All(build => build.Repository == model.Repository)));
    }

    private static (CatalogueModel Model, CatalogueBuild Build)? Known(ModelCatalogue catalogue, List<StoredFile> files)
    {
        foreach (var model in catalogue.Models)
        {
            foreach (var build in model.Builds)
            {
                if (build.Files.Select(file => file.Sha256).SequenceEqual(files.Select(file => file.Sha256)))
                    return (model, build);
            }
        }
        return null;
    }

    private static CatalogueModel Named(string id, GgufMetadata metadata, CatalogueBuild build)
    {
        var architecture = metadata.GetString("general.architecture");
        return new CatalogueModel
        {
            Id = id, Architecture = architecture, ContextLength = metadata.TryGetInt32($"{architecture}.context_length", out var length) ? length : null, Builds = [build],
        };
    }

    private static CatalogueBuild Describe(string id, GgufMetadata metadata, List<StoredFile> files)
    {
        // Files of Ollama are named by their content only.
        var isNamed = files[0].Path.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase);
        var name = isNamed ? Path.GetFileName(files[0].Path) : $"{id.Replace(':', '-')}.gguf";
        return new CatalogueBuild
        {
            Quantization = Quantization.In(name) ?? TypeOf(metadata),
            Repository = $"{Owner}{id.Replace(':', '-').Replace("--", "-", StringComparison.Ordinal)}",
            Revision = files[0].Sha256![..40],
            Files = [.. files.Select((file, i) => new CatalogueFile
            {
                Name = i == 0 ? name : Path.GetFileName(file.Path), Size = file.Bytes, Sha256 = file.Sha256,
            })],
        };
    }

    private static string TypeOf(GgufMetadata metadata) =>
        metadata.TryGetInt32("general.file_type", out var type) && ((LlamaFileType)type).IsDefined() ? ((LlamaFileType)type).Name() : "unknown";

    private static async Task<string> CopyAsync(
        ModelStoreOptions options, HubCache cache, StoredFile file, string repository, string revision, string name, CancellationToken cancellationToken)
    {
        var blob = cache.Blob(repository, file.Sha256!);
        using var held = await StoreLock.TakeAsync(cache.Lock(repository, file.Sha256!), options.TimeProvider, () => { }, cancellationToken);
        if (!File.Exists(blob))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(blob)!);
            using var target = AtomicFile.Create(blob, overwrite: true, file.Bytes);
            await using (var source = new FileStream(file.Path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, BufferSize))
                await source.CopyToAsync(target.Stream, BufferSize, cancellationToken);
            target.Stream.Position = 0;
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            await Sha256Hex.AppendAsync(hash, target.Stream, null, cancellationToken);
            if (Sha256Hex.Finish(hash) != file.Sha256)
                throw new InvalidDataException($"{file.Path} changed while it was copied.");
            target.Commit();
        }
        var path = cache.Link(repository, revision, name, file.Sha256!);
        cache.WriteRef(repository, "main", revision);
        return path;
    }

    private static void Register(ModelStoreOptions options, CatalogueModel model) => Rewrite(options, models =>
    {
        models.RemoveAll(entry => entry.Id == model.Id);
        models.Add(model);
    });

    private static void Rewrite(ModelStoreOptions options, Action<List<CatalogueModel>> change)
    {
        var path = StoreFolders.UserCatalogue(options.HomeDirectory);
        Directory.CreateDirectory(options.HomeDirectory);
        var document = File.Exists(path)
            ? CatalogueDocument.Parse(File.ReadAllBytes(path), path)
            : new CatalogueDocument { Schema = CatalogueDocument.CurrentSchema, Models = [] };
        var models = document.Models.ToList();
        change(models);
        AtomicFile.Write(path, overwrite: true, stream => stream.Write((document with { Models = [.. models] }).ToUtf8()));
    }
}
