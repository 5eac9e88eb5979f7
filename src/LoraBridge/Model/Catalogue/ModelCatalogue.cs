using System.Collections.Immutable;
using LoraBridge.Model.Catalogue;
using LoraBridge.Model.Store;

namespace LoraBridge.Model;

/// <summary>
/// The models that have short names: those that ship with the library, and those of the user's own <c>catalogue.json</c>, which come
/// first where both know a name.
/// </summary>
public sealed class ModelCatalogue
{
    private static readonly Lazy<ModelCatalogue> EmbeddedCatalogue = new(ReadEmbedded);
    private static readonly Lazy<ModelCatalogue> DefaultCatalogue = new(() => Embedded.OverlaidBy(StoreFolders.Home(Environment.GetEnvironmentVariable)));

    private readonly Dictionary<string, CatalogueModel> _byName = new(StringComparer.OrdinalIgnoreCase);
    private readonly ImmutableHashSet<string> _licensesToAccept;

    private ModelCatalogue(ImmutableArray<CatalogueModel> models, ImmutableHashSet<string> licensesToAccept)
    {
        Models = models;
        _licensesToAccept = licensesToAccept;
        foreach (var model in models)
        {
            _byName[model.Id] = model;
            foreach (var alias in model.Aliases)
                _byName.TryAdd(alias, model);
        }
    }

    /// <summary>The models that ship with the library.</summary>
    public static ModelCatalogue Embedded => EmbeddedCatalogue.Value;

    /// <summary>
    /// The models that ship with the library and those of <c>catalogue.json</c> in <c>LORABRIDGE_HOME</c> (<c>~/.lorabridge</c> unless
    /// set), as they were when this process first asked.
    /// </summary>
    /// <exception cref="InvalidDataException">The user's catalogue cannot be read; the message says where.</exception>
    public static ModelCatalogue Default => DefaultCatalogue.Value;

    /// <summary>The models, the user's own first.</summary>
    public ImmutableArray<CatalogueModel> Models { get; }

    /// <summary>Reads a catalogue from a file.</summary>
    /// <param name="path">A JSON file with <c>schema</c> 1 and <c>models</c>.</param>
    /// <exception cref="ArgumentException">The path is null or blank.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is no catalogue; the message names the entry that is wrong.</exception>
    public static ModelCatalogue Load(string path)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        return Of(CatalogueDocument.Parse(File.ReadAllBytes(path), path));
    }

    /// <summary>This catalogue with the models of another in front: its names win.</summary>
    public ModelCatalogue OverlaidBy(ModelCatalogue other)
    {
        ArgumentNullException.ThrowIfNull(other);
        var replaced = other.Models.Select(model => model.Id).ToHashSet(StringComparer.OrdinalIgnoreCase);
        return new ModelCatalogue(
            [.. other.Models, .. Models.Where(model => !replaced.Contains(model.Id))], _licensesToAccept.Union(other._licensesToAccept));
    }

    /// <summary>
    /// Finds a model by identifier or alias, in any case; <c>:latest</c> may follow a family. A quantisation may follow, too, as in
    /// <c>qwen2.5:1.5b-q8_0</c>: the result then has builds of this quantisation only.
    /// </summary>
    /// <returns>The model, or null when none has this name or quantisation.</returns>
    public CatalogueModel? Find(string id)
    {
        ArgumentNullException.ThrowIfNull(id);
        var name = id.EndsWith(":latest", StringComparison.OrdinalIgnoreCase) ? id[..^":latest".Length] : id;
        if (_byName.TryGetValue(name, out var model))
            return model;
        for (var dash = name.LastIndexOf('-'); dash > 0; dash = name.LastIndexOf('-', dash - 1))
        {
            if (!_byName.TryGetValue(name[..dash], out model))
                continue;
            ImmutableArray<CatalogueBuild> builds = [.. model.Builds.Where(build => Quantization.IsMeant(build.Quantization, name[(dash + 1)..]))];
            if (builds.Length > 0)
                return model with { Builds = builds };
        }
        return null;
    }

    /// <summary>Finds a model by identifier or alias, as <see cref="Find"/> does.</summary>
    /// <exception cref="ArgumentException">There is none; the message gives the quantisations that there are, or the nearest names.</exception>
    public CatalogueModel Get(string id) => Find(id) ?? throw new ArgumentException(Unknown(id), nameof(id));

    /// <summary>Models whose identifier, aliases, licence, architecture or repository contain a text; all for a blank one.</summary>
    public IReadOnlyList<CatalogueModel> Search(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var words = text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        return [.. Models.Where(model => words.All(word => Texts(model).Any(part => part.Contains(word, StringComparison.OrdinalIgnoreCase))))];
    }

    /// <summary>The identifiers that look most like a text, the nearest first.</summary>
    public IReadOnlyList<string> Nearest(string id, int count = 3)
    {
        ArgumentNullException.ThrowIfNull(id);
        return [.. _byName
            .GroupBy(entry => entry.Value.Id, entry => EditDistance.Between(id.ToLowerInvariant(), entry.Key), StringComparer.Ordinal)
            .OrderBy(group => group.Min()).ThenBy(group => group.Key, StringComparer.Ordinal)
            .Take(count).Select(group => group.Key)];
    }

    /// <summary>Whether a user must have accepted the licence before the first download.</summary>
    internal bool MustBeAccepted(string? license) => license is not null && _licensesToAccept.Contains(license);

    private static ModelCatalogue Of(CatalogueDocument document) => new(document.Models, [.. document.LicensesToAccept]);

    /// <summary>With the user's catalogue in front, if the folder has one.</summary>
    internal ModelCatalogue OverlaidBy(string home)
    {
        var path = StoreFolders.UserCatalogue(home);
        return File.Exists(path) ? OverlaidBy(Load(path)) : this;
    }

    private string Unknown(string id)
    {
        var shown = SafeNames.Printable(id);
        for (var dash = id.LastIndexOf('-'); dash > 0; dash = id.LastIndexOf('-', dash - 1))
        {
            if (_byName.TryGetValue(id[..dash], out var model) && Quantization.IsOne(id[(dash + 1)..]))
                return $"There is no build '{shown}': of {model.Id} there are {string.Join(", ", model.Builds.Select(build => build.Quantization).Distinct())}.";
        }
        return $"There is no model '{shown}'. The nearest names are {string.Join(", ", Nearest(id))}; "
            + "also the path of a GGUF file, hf:owner/repository[:quantisation] and https addresses are taken.";
    }

    private static IEnumerable<string> Texts(CatalogueModel model) =>
        ((string?[])[model.Id, .. model.Aliases, model.License, model.Architecture, .. model.Builds.Select(build => build.Repository)]).OfType<string>();

    private static ModelCatalogue ReadEmbedded()
    {
        using var stream = typeof(ModelCatalogue).Assembly.GetManifestResourceStream("catalogue.json")!;
        using var bytes = new MemoryStream();
        stream.CopyTo(bytes);
        return Of(CatalogueDocument.Parse(bytes.ToArray(), "The embedded catalogue"));
    }
}
