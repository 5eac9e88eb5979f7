using System.Text.Json;

namespace LoraBridge.Examples.Scoring;

/// <summary>
/// The answer is one valid JSON object, nothing before or after it, with exactly the reference's fields: same names,
/// same types, same values. The order of the fields does not count; a field given twice is wrong.
/// </summary>
public sealed class JsonFieldsScorer : IScorer
{
    /// <inheritdoc/>
    public string Name => "valid JSON with the right fields";

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The reference itself is no JSON object.</exception>
    public bool IsCorrect(string reference, string answer)
    {
        var expected = Fields(reference) ?? throw new ArgumentException($"the reference is no JSON object: {reference}", nameof(reference));
        return Fields(answer) is { } found && found.Count == expected.Count && expected.All(f => found.GetValueOrDefault(f.Key) == f.Value);
    }

    /// <summary>Each field's raw value by its name, or null when the text is not one JSON object.</summary>
    private static Dictionary<string, string>? Fields(string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            if (document.RootElement.ValueKind != JsonValueKind.Object) return null;
            var fields = new Dictionary<string, string>();
            foreach (var field in document.RootElement.EnumerateObject())
            {
                if (!fields.TryAdd(field.Name, $"{field.Value.ValueKind}:{field.Value}")) return null;
            }
            return fields;
        }
        catch (JsonException)
        {
            // Most answers of a model that was not trained for it are no JSON at all: a wrong answer, not a fault.
            return null;
        }
    }
}
