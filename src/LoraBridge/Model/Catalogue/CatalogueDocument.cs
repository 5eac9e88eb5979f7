using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using LoraBridge.Model.Store;

namespace LoraBridge.Model.Catalogue;

/// <summary>A catalogue as a file has it.</summary>
internal sealed record CatalogueDocument
{
    internal const int CurrentSchema = 1;

    /// <summary>The version of this format.</summary>
    public required int Schema { get; init; }

    /// <summary>When the entries were last compared with their sources.</summary>
    public string? AsOf { get; init; }

    /// <summary>Licences that a user must have accepted before the first download.</summary>
    public ImmutableArray<string> LicensesToAccept { get; init => field = value.IsDefault ? [] : value; } = [];

    public required ImmutableArray<CatalogueModel> Models { get; init; }

    /// <exception cref="InvalidDataException">The text is no catalogue; the message names the source and the entry.</exception>
    internal static CatalogueDocument Parse(ReadOnlySpan<byte> utf8, string source)
    {
        CatalogueDocument? document;
        try
        {
            document = JsonSerializer.Deserialize(utf8, CatalogueJson.Default.CatalogueDocument);
        }
        catch (JsonException fault)
        {
            throw new InvalidDataException($"{source} is no catalogue: {fault.Message}", fault);
        }
        CatalogueRules.Check(document ?? throw new InvalidDataException($"{source} is no catalogue: it holds null."), source);
        return document;
    }

    internal byte[] ToUtf8() => JsonSerializer.SerializeToUtf8Bytes(this, CatalogueJson.Default.CatalogueDocument);
}

/// <summary>What must hold of the entries, so that no name in a catalogue can lead out of a folder and no identifier means two models.</summary>
internal static partial class CatalogueRules
{
    internal static void Check(CatalogueDocument document, string source)
    {
        if (document.Schema != CatalogueDocument.CurrentSchema)
            throw new InvalidDataException($"{source} has schema {document.Schema}, expected {CatalogueDocument.CurrentSchema}.");
        var names = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        if (document.Models.IsDefault || document.Models.Any(IsIncomplete))
            throw new InvalidDataException($"{source} has null in the place of a model, build or file.");
        foreach (var model in document.Models)
        {
            if (Problem(model, names) is { } problem)
                throw new InvalidDataException($"{source}, model '{OneLine(model.Id)}': {problem}.");
        }
    }

    internal static bool IsId(string id) => Id().IsMatch(id);

    private static bool IsIncomplete(CatalogueModel? model) =>
        model is null || model.Aliases.Contains(null!)
        || (!model.Builds.IsDefault && model.Builds.Any(build => build is null || (!build.Files.IsDefault && build.Files.Contains(null!))));

    private static string? Problem(CatalogueModel model, HashSet<string> names)
    {
        foreach (var name in (string[])[model.Id, .. model.Aliases])
        {
            if (!IsId(name))
                return $"'{OneLine(name)}' is no identifier, expected family:size of small letters, digits, '.', '-' and '_'";
            if (!names.Add(name))
                return $"'{name}' is listed twice";
        }
        if (model.Builds.IsDefaultOrEmpty)
            return "it has no builds";
        return model.Builds.Select(Problem).FirstOrDefault(problem => problem is not null);
    }

    private static string? Problem(CatalogueBuild build)
    {
        if (string.IsNullOrWhiteSpace(build.Quantization))
            return "a build does not say its quantisation";
        if (!SafeNames.IsRepository(build.Repository))
            return $"'{OneLine(build.Repository)}' is no repository, expected owner/name";
        if (build.Revision is { } revision && !SafeNames.IsRelativePath(revision))
            return $"'{OneLine(revision)}' is no revision";
        if (build.Files.IsDefaultOrEmpty)
            return $"the build of {build.Repository} has no files";
        foreach (var file in build.Files)
        {
            if (!SafeNames.IsRelativePath(file.Name))
                return $"'{OneLine(file.Name)}' is no file name, expected a path inside the repository";
            if (file.Size is <= 0)
                return $"the size of {file.Name} is {file.Size}";
            if (file.Sha256 is { } hash && !Sha256Hex.Is(hash))
                return $"the SHA-256 of {file.Name} is '{OneLine(hash)}', expected 64 small hexadecimal digits";
        }
        return null;
    }

    private static string OneLine(string text) => SafeNames.Printable(text);

    [GeneratedRegex(@"\A[a-z0-9][a-z0-9._-]*(:[a-z0-9][a-z0-9._-]*)?\z")]
    private static partial Regex Id();
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, WriteIndented = true,
    RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(CatalogueDocument))]
internal sealed partial class CatalogueJson : JsonSerializerContext;
