namespace LoraBridge.TextGeneration;

/// <summary>How the vectors of a text's tokens become one.</summary>
public enum EmbeddingPooling
{
    /// <summary>Their mean: what models that were not made for embeddings are read by.</summary>
    Mean,

    /// <summary>The vector of the first token, as BERT's <c>[CLS]</c>.</summary>
    FirstToken,

    /// <summary>The vector of the last token.</summary>
    LastToken,
}
