using LoraBridge.Finetuning;

namespace LoraBridge.Data;

/// <summary>Collects the rows that could not be used: counts all, keeps the first ones, throws in strict mode.</summary>
internal sealed class DatasetReport(DatasetReadOptions options)
{
    private readonly List<DatasetProblem> _problems = [];
    private readonly HashSet<string> _losses = [];

    /// <summary>Rows of which a part is not used.</summary>
    public long PartlyUsedCount { get; private set; }

    public long SkippedCount { get; private set; }

    public IReadOnlyList<DatasetProblem> Problems => _problems;

    /// <exception cref="InvalidDataException">The options are strict.</exception>
    public void Add(SampleSource source, string message)
    {
        Keep(new DatasetProblem(source.Name, source.Line, message));
        SkippedCount++;
    }

    /// <summary>Notes what of a row is not used, although the row is. The first row of each kind is kept as a problem.</summary>
    /// <exception cref="InvalidDataException">The options are strict.</exception>
    public void AddLosses(SampleSource source, IReadOnlyCollection<string> losses)
    {
        if (losses.Count == 0)
            return;
        PartlyUsedCount++;
        foreach (var loss in losses.Where(loss => _losses.Add(WithoutNumbers(loss))))
            Keep(new DatasetProblem(source.Name, source.Line, loss) { IsSkipped = false });
    }

    private void Keep(DatasetProblem problem)
    {
        if (options.Strict)
            throw DatasetFault.Create(problem.ToString());
        if (_problems.Count < options.MaximumProblems)
            _problems.Add(problem);
    }

    /// <summary>Rows that lose the same in another turn lose the same.</summary>
    private static string WithoutNumbers(string message) => string.Concat(message.Where(c => !char.IsAsciiDigit(c)));
}

/// <summary>Faults of training data: <see cref="InvalidDataException"/>s that can be told from those about models and adapters.</summary>
internal static class DatasetFault
{
    private const string Key = "LoraBridge.TrainingData";

    public static InvalidDataException Create(string message, Exception? cause = null) => new(message, cause) { Data = { [Key] = true } };

    public static bool Is(Exception exception) => exception.Data.Contains(Key);
}

/// <summary>A row cannot be used; the reader adds file and line.</summary>
internal sealed class DatasetRowException(string message) : Exception(message);
