using System.Text.RegularExpressions;

namespace LoraBridge.TextGeneration.Jinja;

/// <summary>The two tags between which a template is plain text.</summary>
internal static partial class RawBlock
{
    [GeneratedRegex(@"\G\{%[-+]?\s*raw\s*(?:-%\}\s*|%\})")]
    public static partial Regex Start();

    [GeneratedRegex(@"\{%[-+]?\s*endraw\s*[-+]?%\}")]
    public static partial Regex End();
}
