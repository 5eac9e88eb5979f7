namespace LoraBridge.Examples.Scoring;

/// <summary>The same words in the same order; letter case, extra white space and a final full stop do not count.</summary>
public sealed class ExactMatchScorer : IScorer
{
    /// <inheritdoc/>
    public string Name => "exact match";

    /// <inheritdoc/>
    public bool IsCorrect(string reference, string answer) => Normalise(reference) == Normalise(answer);

    private static string Normalise(string text) =>
        string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)).TrimEnd('.').ToLowerInvariant();
}
