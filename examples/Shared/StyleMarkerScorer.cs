namespace LoraBridge.Examples.Scoring;

/// <summary>The answer opens and closes with marks of a style, any of them, and what stands between them is right.</summary>
/// <param name="openings">The first words that an answer in this style may have.</param>
/// <param name="closings">The last words that it may have.</param>
public sealed class StyleMarkerScorer(IReadOnlyList<string> openings, IReadOnlyList<string> closings) : IScorer
{
    private static readonly ExactMatchScorer Exact = new();

    /// <summary>The ship captain's mate of the persona task.</summary>
    public static StyleMarkerScorer Persona { get; } = new(
        ["Aye, captain!", "Aye aye, captain!", "Ahoy, captain!", "Yes, captain!"],
        ["Fair winds!", "Full sail ahead!", "Steady as she goes!", "All is well on deck!"]);

    /// <summary>The first words that an answer in this style may have.</summary>
    public IReadOnlyList<string> Openings { get; } = openings;

    /// <summary>The last words that it may have.</summary>
    public IReadOnlyList<string> Closings { get; } = closings;

    /// <inheritdoc/>
    public string Name => "style and answer";

    /// <summary>The text in this style.</summary>
    /// <param name="content">What is said.</param>
    /// <param name="opening">Which of <see cref="Openings"/>.</param>
    /// <param name="closing">Which of <see cref="Closings"/>.</param>
    public string Dress(string content, int opening = 0, int closing = 0) => $"{Openings[opening]} {content} {Closings[closing]}";

    /// <summary>True when both marks are there, whatever stands between them.</summary>
    public bool IsInStyle(string answer)
    {
        var text = answer.Trim();
        return OpeningOf(text) is { } opening && ClosingOf(text[opening.Length..]) is not null;
    }

    /// <summary>
    /// What the answer says without the marks that it bears. It lets a model that has put on the style be asked, with
    /// <see cref="ExactMatchScorer"/>, whether it still knows what it knew.
    /// </summary>
    public string Undress(string answer)
    {
        var text = answer.Trim();
        text = text[(OpeningOf(text)?.Length ?? 0)..];
        return text[..^(ClosingOf(text)?.Length ?? 0)].Trim();
    }

    /// <inheritdoc/>
    public bool IsCorrect(string reference, string answer) =>
        IsInStyle(answer) && Exact.IsCorrect(Undress(reference), Undress(answer));

    private string? OpeningOf(string text) => Openings.FirstOrDefault(mark => text.StartsWith(mark, StringComparison.Ordinal));

    private string? ClosingOf(string text) => Closings.FirstOrDefault(mark => text.EndsWith(mark, StringComparison.Ordinal));
}
