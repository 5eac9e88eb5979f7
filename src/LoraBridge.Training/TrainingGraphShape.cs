using LoraBridge.Finetuning;

namespace LoraBridge.Training;

/// <summary>Sizes of a training graph.</summary>
/// <param name="Tokens">T, the tokens of a row.</param>
/// <param name="HeadRows">Tokens that go through the model's head at a time; at most T.</param>
/// <param name="Threads">Threads to compute with.</param>
/// <param name="Recompute">Whether layers are computed again in the backward pass instead of kept; null keeps as many as fit <see cref="KeepBudget"/>.</param>
internal sealed record TrainingGraphShape(int Tokens, int HeadRows, int Threads, bool? Recompute)
{
    /// <summary>How products with frozen weights are computed.</summary>
    public TrainingPrecision Precision { get; init; } = TrainingPrecision.Exact;

    /// <summary>Whether gradients are computed with copies of the frozen weights in 8 bits.</summary>
    public bool CachesTransposed { get; init; }

    /// <summary>Whether a device keeps the frozen weights in BF16, as its products need them, instead of making them so for each row.</summary>
    public bool KeepsCopies { get; init; }

    /// <summary>Types of quantised weights that a device multiplies with as BF16, forward; null for those with which it is faster.</summary>
    public IReadOnlySet<GgmlType>? TypesAsBF16 { get; init; }

    /// <summary>Dropout, and noise on embeddings; null for neither.</summary>
    public RowNoise? Noise { get; init; }

    /// <summary>Whether rows that are shorter than T have graphs of about their length: worth it where each row is one sequence.</summary>
    public bool FitsLengths { get; init; }

    /// <summary>Bytes of intermediate results up to which layers are kept.</summary>
    public long KeepBudget { get; init; }

    /// <summary>Logits that are held at a time: 2^22 of them are 16 MiB.</summary>
    private const int LogitsAtATime = 1 << 22;

    /// <summary>The least rows of a chunk: packing the head's weights, which is done for each, then costs a fifth of multiplying by them.</summary>
    private const int LeastRows = 256;

    /// <summary>The same on a device, whose products want many rows: 2^26 are 256 MiB, three times.</summary>
    private const int LogitsAtATimeOnDevice = 1 << 26;

    /// <summary>Head rows for a vocabulary on a device.</summary>
    public static int HeadRowsOnDevice(int tokens, int vocabulary) => Math.Clamp(LogitsAtATimeOnDevice / vocabulary, Math.Min(LeastRows, tokens), tokens);

    /// <summary>Head rows for a vocabulary: as many as fit the logits' budget, but not so few that the head's weights are read over and over.</summary>
    public static int HeadRowsFor(int tokens, int vocabulary) => Math.Clamp(LogitsAtATime / vocabulary, Math.Min(LeastRows, tokens), tokens);
}
