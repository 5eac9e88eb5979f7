namespace LoraBridge.Finetuning;

/// <summary>How a training file is read.</summary>
public sealed record DatasetReadOptions
{
    /// <summary>The options used when none are given.</summary>
    public static DatasetReadOptions Default { get; } = new();

    /// <summary>The layout; change it when detection guesses wrong.</summary>
    public DatasetFormat Format { get; init; }

    /// <summary>Whether a bad row stops reading with an <see cref="InvalidDataException"/> instead of being skipped, reported and counted.</summary>
    public bool Strict { get; init; }

    /// <summary>How many <see cref="DatasetProblem"/>s are kept; all are counted.</summary>
    public int MaximumProblems { get; init; } = 100;

    /// <summary>The longest row in characters; a longer one is a bad row. Bounds the memory that reading takes.</summary>
    public int MaximumRowLength { get; init; } = 64 * 1024 * 1024;
}
