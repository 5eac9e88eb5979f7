namespace LoraBridge.Model;

/// <summary>How far a model is fetched.</summary>
public sealed record ModelDownloadProgress
{
    /// <summary>What is being done.</summary>
    public required ModelDownloadStage Stage { get; init; }

    /// <summary>The model as it was asked for.</summary>
    public required string Model { get; init; }

    /// <summary>The file at hand; null when it is about the whole model.</summary>
    public string? File { get; init; }

    /// <summary>Bytes of all files of the model that are there.</summary>
    public long BytesDone { get; init; }

    /// <summary>Bytes of all files of the model; null when the server does not say.</summary>
    public long? BytesTotal { get; init; }

    /// <summary>Bytes a second over the last seconds; null before there is anything to measure.</summary>
    public double? BytesPerSecond { get; init; }

    /// <summary>The time left at this speed; null when it cannot be said.</summary>
    public TimeSpan? Remaining { get; init; }

    /// <summary>What is worth telling: why it waits, what was found.</summary>
    public string? Message { get; init; }

    /// <summary>What will be downloaded, with <see cref="ModelDownloadStage.Starting"/>; null otherwise.</summary>
    public ModelDownloadPlan? Plan { get; init; }

    /// <summary>Share that is there, 0 to 1; 0 while the size is unknown.</summary>
    public double Fraction => BytesTotal is > 0 and { } total ? Math.Min(1, (double)BytesDone / total) : 0;
}

/// <summary>A step of fetching a model.</summary>
public enum ModelDownloadStage
{
    /// <summary>The hub is asked what there is.</summary>
    Resolving,

    /// <summary>A download begins; <see cref="ModelDownloadProgress.Plan"/> says of what.</summary>
    Starting,

    /// <summary>Another process downloads the same file: its result will be used.</summary>
    Waiting,

    /// <summary>Bytes arrive.</summary>
    Downloading,

    /// <summary>The connection was silent or broke, or the server is busy: it will be tried again.</summary>
    Stalled,

    /// <summary>A file that is on this machine is read to verify its SHA-256.</summary>
    Verifying,

    /// <summary>The model is there.</summary>
    Done,
}

/// <summary>What a download will fetch, and what the model will need.</summary>
/// <param name="Repository">Where it comes from: <c>owner/name</c> on the hub, or an address.</param>
/// <param name="Revision">The commit; null when the server does not say.</param>
/// <param name="Bytes">Bytes of all files; null when unknown.</param>
/// <param name="License">The licence's identifier; null when unknown: then the page of the repository says.</param>
/// <param name="Page">The page of the repository.</param>
/// <param name="Memory">The memory that the model will need, by a rule of thumb; null when the size is unknown.</param>
public sealed record ModelDownloadPlan(string Repository, string? Revision, long? Bytes, string? License, Uri Page, ModelMemoryEstimate? Memory);
