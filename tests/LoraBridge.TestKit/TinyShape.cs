namespace LoraBridge.TestKit;

/// <summary>The sizes of a tiny model.</summary>
public sealed record TinyShape
{
    /// <summary>Layers.</summary>
    public int Layers { get; init; } = 2;

    /// <summary>D: a multiple of 256, the block of K-quants.</summary>
    public int Embedding { get; init; } = 256;

    /// <summary>F: width of the feed-forward block.</summary>
    public int FeedForward { get; init; } = 512;

    /// <summary>Heads of queries.</summary>
    public int Heads { get; init; } = 4;

    /// <summary>Heads of keys and values.</summary>
    public int KeyHeads { get; init; } = 2;

    /// <summary>Width of a head.</summary>
    public int HeadSize { get; init; } = 64;

    /// <summary>Tokens that the model is said to read at once.</summary>
    public int ContextLength { get; init; } = 1024;
}
