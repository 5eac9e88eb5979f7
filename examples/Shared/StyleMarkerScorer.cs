namespace LoraBridge.Examples.Scoring;

/// <summary>The answer opens and closes with the marks of a style, and what stands between them is right.</summary>
/// <param name="opening">The first words of every answer in this style.</param>
/// <param name="closing">Its last words.</param>
public sealed class StyleMarkerScorer(string opening, string closing) : IScorer
{
    private static readonly ExactMatchScorer Exact = new();

    /// <summary>The ship captain's mate of the persona task.</summary>
    public static StyleMarkerScorer Persona { get; } = new("Aye, captain!", "Fair winds!");

    /// <summary>The first words of every answer in this style.</summary>
    public string Opening { get; } = opening;

    /// <summary>Its last words.</summary>
    public string Closing { get; } = closing;

    /// <inheritdoc/>
    public string Name => "style and answer";

    /// <summary>The text in this style.</summary>
    public string Dress(string content) => $"{Opening} {content} {Closing}";

    /// <summary>True when both marks are there, whatever stands between them.</summary>
    public bool IsInStyle(string answer)
    {
        var text = answer.Trim();
        return text.Length >= Opening.Length + Closing.Length
            && text.StartsWith(Opening, StringComparison.Ordinal) && text.EndsWith(Closing, StringComparison.Ordinal);
    }

    /// <summary>
    /// What the answer says without the marks that it bears. It lets a model that has put on the style be asked, with
    /// <see cref="ExactMatchScorer"/>, whether it still knows what it knew.
    /// </summary>
    public string Undress(string answer)
    {
        var text = answer.Trim();
        if (text.StartsWith(Opening, StringComparison.Ordinal)) text = text[Opening.Length..];
        if (text.EndsWith(Closing, StringComparison.Ordinal)) text = text[..^Closing.Length];
        return text.Trim();
    }

    /// <inheritdoc/>
    public bool IsCorrect(string reference, string answer) =>
        IsInStyle(answer) && Exact.IsCorrect(Undress(reference), Undress(answer));
}
