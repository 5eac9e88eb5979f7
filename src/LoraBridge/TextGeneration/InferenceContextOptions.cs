namespace LoraBridge.TextGeneration;

/// <summary>How an <see cref="InferenceContext"/> computes.</summary>
internal sealed record InferenceContextOptions
{
    /// <summary>Tokens it holds; 0 takes what the model was trained for, at most 4096.</summary>
    public int ContextLength { get; init; }

    /// <summary>Tokens computed at once.</summary>
    public int BatchSize { get; init; } = 512;

    /// <summary>Keep keys and values as 32-bit floats and compute attention step by step: slower, for losses that are compared.</summary>
    public bool Exact { get; init; }
}
