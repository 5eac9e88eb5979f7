using System.Text.RegularExpressions;

namespace LoraBridge.Cli;

/// <summary>Puts a text on one line.</summary>
internal static partial class OneLine
{
    internal static string Of(string text) => Blanks().Replace(text, " ").Trim();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Blanks();
}
