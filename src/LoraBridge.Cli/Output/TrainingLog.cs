using LoraBridge.Finetuning;

namespace LoraBridge.Cli.Output;

/// <summary>A file that follows a training; what is in it is readable at any time, and after any end.</summary>
internal abstract class TrainingLog : IDisposable
{
    private const string Csv = "csv:", TensorBoard = "tensorboard:";

    /// <summary>Opens a log, so that one that cannot be written is found out before the training.</summary>
    /// <param name="text"><c>csv:FILE</c> or <c>tensorboard:DIR</c>.</param>
    /// <param name="goesOn">Whether a training goes on, and its log with it; otherwise a file that exists is replaced.</param>
    /// <exception cref="UsageException">The text is of neither form.</exception>
    internal static TrainingLog Open(string text, bool goesOn)
    {
        if (text.StartsWith(Csv, StringComparison.OrdinalIgnoreCase) && text.Length > Csv.Length)
            return new CsvLog(text[Csv.Length..], goesOn);
        if (text.StartsWith(TensorBoard, StringComparison.OrdinalIgnoreCase) && text.Length > TensorBoard.Length)
            return new TensorBoardLog(text[TensorBoard.Length..]);
        throw new UsageException($"--log is '{text}', expected csv:FILE or tensorboard:DIR.");
    }

    /// <summary>Notes an update.</summary>
    internal abstract void Add(TrainingProgress state);

    public abstract void Dispose();
}
