namespace LoraBridge.Model;

/// <summary>The progress of loading a model.</summary>
/// <param name="Path">The file; the identifier while it is still fetched.</param>
/// <param name="Fraction">Share of the stage that is done, 0 to 1.</param>
public readonly record struct ModelLoadingProgress(string Path, double Fraction)
{
    /// <summary>What is being done.</summary>
    public ModelLoadingStage Stage { get; init; }

    /// <summary>Bytes, speed and time left while the model is fetched; null while it is loaded.</summary>
    public ModelDownloadProgress? Download { get; init; }
}

/// <summary>A step on the way to a model in memory.</summary>
public enum ModelLoadingStage
{
    /// <summary>Its weights are loaded into memory.</summary>
    Loading,

    /// <summary>It is looked for, downloaded or verified.</summary>
    Fetching,
}
