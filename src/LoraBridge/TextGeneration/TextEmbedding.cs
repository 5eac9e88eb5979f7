namespace LoraBridge.TextGeneration;

/// <summary>What a model makes of a text.</summary>
/// <param name="Vector">The embedding [<see cref="Embedder.Dimensions"/>], of length 1: the dot product of two is the cosine of their angle.</param>
/// <param name="TokenCount">Tokens of the text.</param>
public sealed record TextEmbedding(ReadOnlyMemory<float> Vector, int TokenCount);
