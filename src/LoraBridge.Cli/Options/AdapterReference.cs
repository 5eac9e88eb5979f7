using System.Globalization;

namespace LoraBridge.Cli.Options;

/// <summary>An adapter file and how strongly it counts, written <c>PATH[:SCALE]</c>; below 0 it counts against what it was trained for.</summary>
internal sealed record AdapterReference(string Path, float Scale)
{
    /// <summary>Reads the text; what follows the last colon is a scale only if it is a number, as paths of Windows have colons, too.</summary>
    /// <exception cref="FormatException">There is no path, or the scale is infinite or not a number.</exception>
    internal static AdapterReference Parse(string text)
    {
        var colon = text.LastIndexOf(':');
        var (path, scale) = colon >= 0 && float.TryParse(text.AsSpan(colon + 1), NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            ? (text[..colon], number)
            : (text, 1);
        if (string.IsNullOrWhiteSpace(path))
            throw new FormatException($"'{text}' names no adapter, expected PATH or PATH:SCALE.");
        return float.IsFinite(scale)
            ? new AdapterReference(path, scale)
            : throw new FormatException($"The scale of '{text}' is {text[(colon + 1)..]}, expected a finite number.");
    }
}
