namespace LoraBridge.Model;

/// <summary>The progress of downloading a model.</summary>
public sealed record ModelDownloadProgress
{
    /// <summary>What is being done.</summary>
    public required ModelDownloadStage Stage { get; init; }

    /// <summary>The identifier that was asked for.</summary>
    public required string Model { get; init; }

    /// <summary>The current file; null when the report concerns the whole model.</summary>
    public string? File { get; init; }

    /// <summary>Bytes present so far, of all files of the model.</summary>
    public long BytesDone { get; init; }

    /// <summary>Bytes of all files of the model; null when the server does not say.</summary>
    public long? BytesTotal { get; init; }

    /// <summary>Bytes per second over the last few seconds; null until there is something to measure.</summary>
    public double? BytesPerSecond { get; init; }

    /// <summary>Time left at this speed; null when it cannot be estimated.</summary>
    public TimeSpan? Remaining { get; init; }

    /// <summary>A sentence for the user, such as why it is waiting; null most of the time.</summary>
    public string? Message { get; init; }

    /// <summary>What will be downloaded, with <see cref="ModelDownloadStage.Starting"/>; null otherwise.</summary>
    public ModelDownloadPlan? Plan { get; init; }

    /// <summary>The fraction that is present, 0 to 1; 0 while the size is unknown.</summary>
    public double Fraction => BytesTotal is > 0 and { } total ? Math.Min(1, (double)BytesDone / total) : 0;
}

/// <summary>A stage of downloading a model.</summary>
public enum ModelDownloadStage
{
    /// <summary>Asking the hub for the model's files.</summary>
    Resolving,

    /// <summary>A download is about to begin; <see cref="ModelDownloadProgress.Plan"/> describes it.</summary>
    Starting,

    /// <summary>Another process is downloading the same file; its result will be used.</summary>
    Waiting,

    /// <summary>Bytes are arriving.</summary>
    Downloading,

    /// <summary>The connection stalled or broke, or the server is busy; another try follows.</summary>
    Stalled,

    /// <summary>A file on this machine is read to verify its SHA-256.</summary>
    Verifying,

    /// <summary>The model is on this machine.</summary>
    Done,
}

/// <summary>What will be downloaded, and the memory the model will need.</summary>
/// <param name="Repository">Where it comes from: <c>owner/name</c> on the hub, or an address.</param>
/// <param name="Revision">The commit; null when the server does not say.</param>
/// <param name="Bytes">Bytes of all files; null when unknown.</param>
/// <param name="License">The licence's identifier; null when unknown: then the page of the repository says.</param>
/// <param name="Page">The page of the repository.</param>
/// <param name="Memory">The memory that the model will need, by a rule of thumb; null when the size is unknown.</param>
public sealed record ModelDownloadPlan(string Repository, string? Revision, long? Bytes, string? License, Uri Page, ModelMemoryEstimate? Memory);
