using LoraBridge.Finetuning;

namespace LoraBridge.Data;

/// <summary>Collects the rows that could not be used: counts all, keeps the first ones, throws in strict mode.</summary>
internal sealed class DatasetReport(DatasetReadOptions options)
{
    private readonly List<DatasetProblem> _problems = [];

    public long SkippedCount { get; private set; }

    public IReadOnlyList<DatasetProblem> Problems => _problems;

    /// <exception cref="InvalidDataException">The options are strict.</exception>
    public void Add(SampleSource source, string message)
    {
        var problem = new DatasetProblem(source.Name, source.Line, message);
        if (options.Strict)
            throw new InvalidDataException(problem.ToString());
        SkippedCount++;
        if (_problems.Count < options.MaximumProblems)
            _problems.Add(problem);
    }
}
