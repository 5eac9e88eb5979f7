using LoraBridge.Examples.Scoring;
using LoraBridge.Model;

namespace LoraBridge.Examples.BaseModel.Measuring;

/// <summary>Asks a model all that the data sets ask and counts the right answers.</summary>
internal static class ScoreBoard
{
    private static readonly ExactMatchScorer Exact = new();

    /// <summary>What is asked, and what counts as right.</summary>
    public static readonly (string Set, IScorer Scorer)[] All =
    [
        ("world-train-sample", Exact), ("world-heldout", Exact), ("arithmetic-heldout", Exact), ("reading-heldout", Exact),
        ("persona.heldout", StyleMarkerScorer.Persona), ("knowledge.heldout", Exact), ("structured.heldout", new JsonFieldsScorer()),
    ];

    /// <summary>The sets whose names begin so, each with its score.</summary>
    /// <param name="model">The model, with the adapters that are to take part.</param>
    /// <param name="folder">Where the data sets lie.</param>
    /// <param name="prefix">The beginning of the names of the sets wanted; empty takes all.</param>
    /// <param name="report">Called with each wrong answer, or null.</param>
    public static IEnumerable<(string Set, Score Score)> Measure(LM model, string folder, string prefix, Action<TaskExample, string>? report)
    {
        var ask = Respondent.Of(model);
        foreach (var (name, scorer) in All.Where(s => s.Set.StartsWith(prefix, StringComparison.Ordinal)))
        {
            yield return (name, TaskSet.Load(Path.Combine(folder, name + ".jsonl")).Evaluate(scorer, example =>
            {
                var answer = ask(example);
                if (!example.IsRight(scorer, answer)) report?.Invoke(example, answer);
                return answer;
            }));
        }
    }
}
