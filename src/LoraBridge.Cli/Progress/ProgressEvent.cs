namespace LoraBridge.Cli.Progress;

/// <summary>How far some work is.</summary>
/// <param name="Phase">What is being done: <c>load</c>, <c>train</c>, ...</param>
/// <param name="Fraction">Share that is done, 0 to 1; null where the work does not tell.</param>
internal sealed record ProgressEvent(string Phase, double? Fraction = null)
{
    internal int? Epoch { get; init; }

    internal int? Step { get; init; }

    internal int? Steps { get; init; }

    internal double? Loss { get; init; }

    internal double? ValidationLoss { get; init; }

    internal double? LearningRate { get; init; }

    internal double? GradientNorm { get; init; }

    internal double? TokensPerSecond { get; init; }

    /// <summary>Bytes of a download that are there.</summary>
    internal long? Bytes { get; init; }

    internal long? TotalBytes { get; init; }

    internal double? BytesPerSecond { get; init; }

    /// <summary>What is worth a line of its own.</summary>
    internal string? Message { get; init; }

    internal TimeSpan? Remaining { get; init; }
}
