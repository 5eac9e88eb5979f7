using System.Collections.Immutable;

namespace LoraBridge.Model;

/// <summary>A model that a <see cref="ModelCatalogue"/> knows, and where its files are.</summary>
public sealed record CatalogueModel
{
    /// <summary>The identifier, <c>family:size</c>, such as <c>gemma3:12b</c>.</summary>
    public required string Id { get; init; }

    /// <summary>Other names for it, such as <c>gemma3</c> for the size that most people take.</summary>
    public ImmutableArray<string> Aliases { get; init => field = value.IsDefault ? [] : value; } = [];

    /// <summary>Number of parameters as its makers give it, such as <c>1.5B</c>; null when unknown.</summary>
    public string? Parameters { get; init; }

    /// <summary>The licence's identifier, such as <c>apache-2.0</c> or <c>gemma</c>; null when unknown.</summary>
    public string? License { get; init; }

    /// <summary>Whether the hub hands it out only to accounts that have accepted its conditions; null when unknown.</summary>
    public bool? Gated { get; init; }

    /// <summary>The context length in tokens that the model was trained with; null when unknown.</summary>
    public int? ContextLength { get; init; }

    /// <summary>The chat template by llama.cpp's name for it; null when unknown. The file's own template is what counts.</summary>
    public string? ChatTemplate { get; init; }

    /// <summary>llama.cpp's name of the architecture; null when unknown.</summary>
    public string? Architecture { get; init; }

    /// <summary>What users should know before they choose it.</summary>
    public string? Note { get; init; }

    /// <summary>The files it comes in, the preferred build first.</summary>
    public required ImmutableArray<CatalogueBuild> Builds { get; init; }
}

/// <summary>A model in one quantisation: the files of one revision of one repository.</summary>
public sealed record CatalogueBuild
{
    /// <summary>How the weights are stored, such as <c>Q4_K_M</c>.</summary>
    public required string Quantization { get; init; }

    /// <summary>The repository on the hub, <c>owner/name</c>.</summary>
    public required string Repository { get; init; }

    /// <summary>The commit, 40 hexadecimal digits; null takes the main branch, whose files may be replaced.</summary>
    public string? Revision { get; init; }

    /// <summary>The files, in the order of their parts.</summary>
    public required ImmutableArray<CatalogueFile> Files { get; init; }
}

/// <summary>A file of a <see cref="CatalogueBuild"/>.</summary>
public sealed record CatalogueFile
{
    /// <summary>The path in the repository.</summary>
    public required string Name { get; init; }

    /// <summary>Bytes; null when unknown.</summary>
    public long? Size { get; init; }

    /// <summary>The SHA-256 of the content, 64 hexadecimal digits; null when unknown.</summary>
    public string? Sha256 { get; init; }
}
