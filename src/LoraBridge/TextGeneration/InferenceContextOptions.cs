using LoraBridge.Native;

namespace LoraBridge.TextGeneration;

/// <summary>How an <see cref="InferenceContext"/> computes.</summary>
internal sealed record InferenceContextOptions
{
    /// <summary>Tokens that each sequence holds; 0 takes what the model was trained for, at most 4096.</summary>
    public int ContextLength { get; init; }

    /// <summary>Sequences, each with its own cache.</summary>
    public int Sequences { get; init; } = 1;

    /// <summary>Tokens computed at once.</summary>
    public int BatchSize { get; init; } = 512;

    /// <summary>Tokens of a batch whose logits may be asked for; 0 allows all of them. They take memory from the start.</summary>
    public int MaximumOutputs { get; init; }

    /// <summary>Keep keys and values as 32-bit floats and compute attention step by step: slower, for losses that are compared.</summary>
    public bool Exact { get; init; }

    /// <summary>The model to compute with, loaded from the same file: a plain one, for a comparison that is not worth repacking; null takes that for inference.</summary>
    public LlamaModelHandle? Model { get; init; }

    /// <summary>
    /// Compute embeddings of whole sequences, pooled in this way; null computes logits. Then the sequences share the tokens of the context,
    /// and each is computed in one batch.
    /// </summary>
    public LlamaPoolingType? Pooling { get; init; }
}
