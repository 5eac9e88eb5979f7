using System.Text;

namespace LoraBridge.Model.Store;

/// <summary>Which names from outside may become names of files: those that mean the same, inside the folder, on every system.</summary>
internal static class SafeNames
{
    /// <summary>What file systems allow for one name.</summary>
    private const int LongestName = 255;

    private static readonly string[] Devices =
    [
        "CON", "PRN", "AUX", "NUL", .. Enumerable.Range(1, 9).SelectMany(i => (string[])[$"COM{i}", $"LPT{i}"]),
    ];

    /// <summary>Whether the text is a path with slashes that stays in its folder.</summary>
    internal static bool IsRelativePath(string path) => path.Split('/').All(IsName) && Encoding.UTF8.GetByteCount(path) <= 1024;

    /// <summary>Whether the text is a repository, <c>owner/name</c>.</summary>
    internal static bool IsRepository(string text) =>
        text.Split('/') is [var owner, var name] && IsRepositoryPart(owner) && IsRepositoryPart(name);

    /// <summary>Whether the text can name one file or folder.</summary>
    internal static bool IsName(string name) =>
        name.Length > 0
        && Encoding.UTF8.GetByteCount(name) <= LongestName
        && name[^1] is not ('.' or ' ')
        && name[0] != ' '
        && !name.Any(letter => char.IsControl(letter) || "\\/:*?\"<>|".Contains(letter, StringComparison.Ordinal))
        && IsUnicode(name)
        && !Devices.Contains(name.Split('.')[0], StringComparer.OrdinalIgnoreCase);

    /// <summary>A text from outside for a message: without line breaks and what terminals take for commands, and not long.</summary>
    internal static string Printable(string text)
    {
        var cut = text.Length > 200 ? $"{text[..200]}..." : text;
        return string.Concat(cut.Select(letter => char.IsControl(letter) || char.IsSurrogate(letter) ? '?' : letter));
    }

    /// <summary>The cache joins owner and name by two dashes: they must be in neither.</summary>
    private static bool IsRepositoryPart(string part) =>
        IsName(part) && part.Length <= 96 && char.IsAsciiLetterOrDigit(part[0])
        && part.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '.' or '-' or '_')
        && !part.Contains("--", StringComparison.Ordinal) && !part.Contains("..", StringComparison.Ordinal);

    private static bool IsUnicode(string name)
    {
        for (var i = 0; i < name.Length; i++)
        {
            if (!char.IsSurrogate(name[i]))
                continue;
            if (i + 1 == name.Length || !char.IsSurrogatePair(name[i], name[i + 1]))
                return false;
            i++;
        }
        return true;
    }
}
