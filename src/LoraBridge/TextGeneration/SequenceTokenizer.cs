using LoraBridge.Model;
using LoraBridge.TextGeneration.Jinja;

namespace LoraBridge.TextGeneration;

/// <summary>
/// Turns texts into whole sequences: the one place that knows which token a sequence begins with, and whose text can become control
/// tokens. Inference and training use it alike, so that they agree to the token.
/// </summary>
internal sealed class SequenceTokenizer(ITokenizer tokenizer)
{
    /// <summary>The tokens of a conversation.</summary>
    /// <param name="text">What a template wrote.</param>
    /// <param name="parseContents">Whether the texts of control tokens become those tokens also where the conversation says them.</param>
    public int[] Tokenize(TracedText text, bool parseContents) => WithBeginning(TokenizeInside(text, parseContents));

    /// <summary>The tokens of a text that is not a conversation.</summary>
    /// <param name="text">The text.</param>
    /// <param name="parseSpecial">Whether the texts of control tokens become those tokens.</param>
    public int[] Tokenize(string text, bool parseSpecial) => WithBeginning(tokenizer.Tokenize(text, parseSpecial));

    /// <summary>The tokens of a part of a conversation that is not its beginning.</summary>
    /// <inheritdoc cref="Tokenize(TracedText, bool)" path="/param"/>
    public int[] TokenizeInside(TracedText text, bool parseContents) => parseContents || !SaysControlTokens(text)
        ? tokenizer.Tokenize(text.Text, parseSpecial: true)
        : [.. Fragments(text).SelectMany(Tokenize)];

    /// <summary>A text that begins with the token itself, as many templates write it, does not get a second one.</summary>
    private int[] WithBeginning(int[] tokens) => tokenizer.BeginningToken is { } beginning && (tokens.Length == 0 || tokens[0] != beginning)
        ? [beginning, .. tokens]
        : tokens;

    /// <summary>Whether the conversation holds the text of a control token, or a part of one.</summary>
    private bool SaysControlTokens(TracedText text) =>
        text.Runs.Count > 0 && tokenizer.ControlTokens.Any(control => Occurrences(text.Text, control.Text).Any(at => Overlaps(text, at, at + control.Text.Length)));

    private static IEnumerable<int> Occurrences(string text, string sought)
    {
        for (var at = 0; (at = text.IndexOf(sought, at, StringComparison.Ordinal)) >= 0; at++)
            yield return at;
    }

    private static bool Overlaps(TracedText text, int start, int end) =>
        text.Runs.Any(run => run.Source is not null && run.Start < end && run.End > start);

    /// <summary>
    /// Cuts the text at the control tokens that the template wrote, as the tokenizer would: longer texts go first, and white space beside
    /// them may belong to them.
    /// </summary>
    private List<Fragment> Fragments(TracedText text)
    {
        List<Fragment> fragments = [new Fragment(0, text.Length, null)];
        foreach (var control in tokenizer.ControlTokens)
        {
            for (var i = 0; i < fragments.Count; i++)
            {
                if (fragments[i].Token is not null || Find(text, control, fragments[i]) is not { } at)
                    continue;
                var (start, end) = (fragments[i].Start, fragments[i].End);
                var (left, right) = (at, at + control.Text.Length);
                while (control.StripsLeft && left > start && char.IsWhiteSpace(text.Text[left - 1]))
                    left--;
                while (control.StripsRight && right < end && char.IsWhiteSpace(text.Text[right]))
                    right++;
                fragments.RemoveAt(i);
                fragments.InsertRange(i, [new Fragment(start, left, null), new Fragment(left, right, control.Id), new Fragment(right, end, null)]);
            }
        }
        return [.. fragments.Where(fragment => fragment.End > fragment.Start).Select(fragment => fragment with { Text = text.Text[fragment.Start..fragment.End] })];
    }

    private static int? Find(TracedText text, ControlToken control, Fragment fragment)
    {
        for (var at = fragment.Start; at < fragment.End; at++)
        {
            at = text.Text.IndexOf(control.Text, at, fragment.End - at, StringComparison.Ordinal);
            if (at < 0)
                return null;
            if (!Overlaps(text, at, at + control.Text.Length))
                return at;
        }
        return null;
    }

    private int[] Tokenize(Fragment fragment) => fragment.Token is { } token ? [token] : WithoutControls(fragment.Text);

    /// <summary>Some tokenizers merge letters into any token of that text, control tokens included: then the text is cut inside of it.</summary>
    private int[] WithoutControls(string text)
    {
        var tokens = tokenizer.Tokenize(text, parseSpecial: false);
        foreach (var control in tokenizer.ControlTokens)
        {
            if (control.Text.Length > 1 && tokens.Contains(control.Id) && text.IndexOf(control.Text, StringComparison.Ordinal) is >= 0 and var at)
                return [.. WithoutControls(text[..(at + 1)]), .. WithoutControls(text[(at + 1)..])];
        }
        return tokens;
    }

    private readonly record struct Fragment(int Start, int End, int? Token)
    {
        public string Text { get; init; } = "";
    }
}
