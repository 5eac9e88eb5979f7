namespace LoraBridge.Finetuning;

/// <summary>A checkpoint was made with another model, other data or other parameters: going on from it would not continue that training.</summary>
public sealed class CheckpointMismatchException : InvalidOperationException
{
    internal CheckpointMismatchException(string directory, IReadOnlyList<string> differences)
        : base($"{directory} cannot be continued: {string.Join("; ", differences)}.") => Differences = differences;

    /// <summary>What differs, each with what the checkpoint has and what there is now.</summary>
    public IReadOnlyList<string> Differences { get; }
}
