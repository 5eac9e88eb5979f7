namespace LoraBridge.Finetuning;

/// <summary>A row of a training file that could not be used, or only in part.</summary>
/// <param name="Source">The file's path, or the data set's name.</param>
/// <param name="Line">The line on which the row starts, counted from 1; the row's number where there are no lines.</param>
/// <param name="Message">What is wrong with it.</param>
public sealed record DatasetProblem(string Source, long Line, string Message)
{
    /// <summary>Whether the row is left out; otherwise it is used without the part that the message names.</summary>
    public bool IsSkipped { get; init; } = true;

    /// <summary>The problem as one line of text.</summary>
    public override string ToString() => $"{Source}, line {Line}: {Message}";
}
