using System.Text.Json;

namespace LoraBridge.Examples.Scoring;

/// <summary>One question of a data set and the answers that are right.</summary>
/// <param name="System">The system line, or null.</param>
/// <param name="Question">The user's turn.</param>
/// <param name="Reference">The assistant's turn.</param>
/// <param name="Others">Other words in which the answer is as right; none unless the row lists them.</param>
public sealed record TaskExample(string? System, string Question, string Reference, IReadOnlyList<string> Others)
{
    /// <summary>Is this the reference, or the same in other words?</summary>
    public bool IsRight(IScorer scorer, string answer) =>
        scorer.IsCorrect(Reference, answer) || Others.Any(other => scorer.IsCorrect(other, answer));
}

/// <summary>Right answers of all.</summary>
/// <param name="Correct">Right answers.</param>
/// <param name="Total">Questions.</param>
public readonly record struct Score(int Correct, int Total)
{
    /// <summary>The right share, 0 to 1.</summary>
    public double Accuracy => Total == 0 ? 0 : (double)Correct / Total;

    /// <inheritdoc/>
    public override string ToString() => FormattableString.Invariant($"{100 * Accuracy:F1} % ({Correct}/{Total})");
}

/// <summary>
/// The questions of a chat file, one line <c>{"messages":[...]}</c> each. A row may list other right answers, which training
/// does not look at: <c>{"messages":[...],"others":[...]}</c>.
/// </summary>
public sealed class TaskSet
{
    private TaskSet(IReadOnlyList<TaskExample> examples) => Examples = examples;

    /// <summary>The questions in the order of the file.</summary>
    public IReadOnlyList<TaskExample> Examples { get; }

    /// <summary>Reads a chat file; only the last user turn and the assistant's answer to it are looked at.</summary>
    /// <exception cref="InvalidDataException">A line is no dialogue that ends with a question and its answer.</exception>
    public static TaskSet Load(string path) =>
        new([.. File.ReadLines(path).Select((line, index) => Parse(line, $"{path}({index + 1})"))]);

    /// <summary>Asks every question (or the first <paramref name="limit"/>) and counts the right answers.</summary>
    /// <param name="scorer">What counts as right.</param>
    /// <param name="answer">The model: from a question to its answer.</param>
    /// <param name="limit">Questions at most.</param>
    public Score Evaluate(IScorer scorer, Func<TaskExample, string> answer, int limit = int.MaxValue)
    {
        var asked = Examples.Take(limit).ToList();
        return new Score(asked.Count(example => example.IsRight(scorer, answer(example))), asked.Count);
    }

    private static TaskExample Parse(string line, string where)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            var turns = document.RootElement.GetProperty("messages").EnumerateArray()
                .Select(m => (Role: m.GetProperty("role").GetString(), Content: m.GetProperty("content").GetString() ?? ""))
                .ToList();
            if (turns is not [.., ("user", var question), ("assistant", var reference)])
                throw new InvalidDataException($"{where}: expected a dialogue that ends with a user's and an assistant's turn");
            List<string> others = document.RootElement.TryGetProperty("others", out var list) ? [.. list.EnumerateArray().Select(o => o.GetString() ?? "")] : [];
            return new TaskExample(turns[0] is ("system", var system) ? system : null, question, reference, others);
        }
        catch (Exception fault) when (fault is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new InvalidDataException($"{where}: expected {{\"messages\":[...]}}: {fault.Message}", fault);
        }
    }
}
