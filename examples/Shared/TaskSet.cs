using System.Text.Json;

namespace LoraBridge.Examples.Scoring;

/// <summary>One question of a data set and the answer wanted.</summary>
/// <param name="System">The system line, or null.</param>
/// <param name="Question">The user's turn.</param>
/// <param name="Reference">The assistant's turn.</param>
public sealed record TaskExample(string? System, string Question, string Reference);

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

/// <summary>The questions of a chat file, one line <c>{"messages":[...]}</c> each.</summary>
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
        return new Score(asked.Count(example => scorer.IsCorrect(example.Reference, answer(example))), asked.Count);
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
            return new TaskExample(turns[0] is ("system", var system) ? system : null, question, reference);
        }
        catch (Exception fault) when (fault is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new InvalidDataException($"{where}: expected {{\"messages\":[...]}}: {fault.Message}", fault);
        }
    }
}
