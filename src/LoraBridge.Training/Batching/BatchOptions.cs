namespace LoraBridge.Training.Batching;

internal sealed record BatchOptions
{
    /// <summary>The tokens that a row holds.</summary>
    public required int ContextLength { get; init; }

    /// <summary>The rows of a micro-batch.</summary>
    public int BatchSize { get; init; } = 1;

    /// <summary>The micro-batches whose gradients make one update.</summary>
    public int GradientAccumulation { get; init; } = 1;

    /// <summary>Whether several samples share a row.</summary>
    public bool SequencePacking { get; init; } = true;

    /// <summary>Of the shuffle; every epoch has its own order.</summary>
    public ulong Seed { get; init; }
}
