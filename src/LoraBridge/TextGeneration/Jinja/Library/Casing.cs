namespace LoraBridge.TextGeneration.Jinja;

/// <summary>Upper-case first letters, the two ways Python and Jinja know.</summary>
internal static class Casing
{
    public static string Capitalize(string text) =>
        text.Length == 0 ? text : char.ToUpperInvariant(text[0]) + text[1..].ToLowerInvariant();

    /// <summary>A letter after anything that is no letter starts a word, as in <c>str.title()</c>.</summary>
    public static string Title(string text) => Title(text, c => !char.IsLetter(c));

    /// <summary>Words start after white space, hyphens and opening brackets, as in the <c>title</c> filter.</summary>
    public static string TitleFilter(string text) => Title(text, c => char.IsWhiteSpace(c) || "-({[<".Contains(c));

    public static string Swap(string text) =>
        string.Concat(text.Select(c => char.IsUpper(c) ? char.ToLowerInvariant(c) : char.ToUpperInvariant(c)));

    private static string Title(string text, Func<char, bool> endsWord)
    {
        var result = text.ToLowerInvariant().ToCharArray();
        for (var i = 0; i < result.Length; i++)
        {
            if (i == 0 || endsWord(result[i - 1]))
                result[i] = char.ToUpperInvariant(result[i]);
        }
        return new string(result);
    }
}
