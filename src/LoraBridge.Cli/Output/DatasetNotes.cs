using LoraBridge.Finetuning;

namespace LoraBridge.Cli.Output;

/// <summary>Says which rows of a data set were not used as they are: nothing is dropped silently.</summary>
internal static class DatasetNotes
{
    private const int ShownProblems = 5;

    internal static void Write(TextWriter writer, DatasetStatistics data, IReadOnlyList<DatasetProblem> problems)
    {
        foreach (var problem in problems.Take(ShownProblems))
            writer.WriteLine($"{(problem.IsSkipped ? "skipped" : "partly used")}: {OneLine.Of(problem.ToString())}");
        if (data.SkippedSamples > ShownProblems)
            writer.WriteLine($"skipped: {data.SkippedSamples} samples in all");
        if (data.PartlyUsedSamples > 0)
            writer.WriteLine($"partly used: {data.PartlyUsedSamples} rows; --strict makes that an error");
        if (data.ParsedSpecialTokens > 0)
            writer.WriteLine($"read as control tokens: {data.ParsedSpecialTokens} marks that texts write out; --no-special-text reads them as text");
        if (data.TruncatedSamples > 0)
            writer.WriteLine($"cut to the context: {data.TruncatedSamples} samples; a larger --ctx keeps them whole");
        if (data.UnmaskedSampleCount > 0)
            writer.WriteLine($"counted as a whole: {data.UnmaskedSampleCount} conversations, as the chat template does not tell turns apart");
    }
}
