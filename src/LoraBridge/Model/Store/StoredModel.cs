using System.Collections.Immutable;

namespace LoraBridge.Model;

/// <summary>A model that is on this machine.</summary>
public sealed record StoredModel
{
    /// <summary>The name it was asked for by, or one that finds it again.</summary>
    public required string Id { get; init; }

    /// <summary>The file to load; of a model in several files the first.</summary>
    public string Path => Files[0].Path;

    /// <summary>All its files.</summary>
    public required ImmutableArray<StoredFile> Files { get; init; }

    /// <summary>Where it comes from: <c>owner/name</c> on the hub, an address, or null for a file that was named by its path.</summary>
    public string? Repository { get; init; }

    /// <summary>The commit; null when unknown.</summary>
    public string? Revision { get; init; }

    /// <summary>The licence's identifier; null when unknown.</summary>
    public string? License { get; init; }

    /// <summary>Whether this call downloaded any of it.</summary>
    public bool Downloaded { get; init; }

    /// <summary>Bytes of all files.</summary>
    public long Bytes => Files.Sum(file => file.Bytes);

    /// <summary>The SHA-256 of the first file; null when it was not computed.</summary>
    public string? Sha256 => Files[0].Sha256;

    /// <summary>Whether the SHA-256 of each file is the one that the catalogue, the hub or the address names.</summary>
    public bool Verified => Files.All(file => file.Verified);
}

/// <summary>A file of a <see cref="StoredModel"/>.</summary>
/// <param name="Path">Where it lies.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="Sha256">The SHA-256 of its content; null when it was not computed.</param>
/// <param name="Verified">Whether that is the one that was expected; false, too, when nothing says what to expect.</param>
public sealed record StoredFile(string Path, long Bytes, string? Sha256, bool Verified);
