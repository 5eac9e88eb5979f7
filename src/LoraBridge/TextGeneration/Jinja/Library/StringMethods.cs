namespace LoraBridge.TextGeneration.Jinja;

/// <summary>The methods of strings.</summary>
internal static class StringMethods
{
    public static CallableValue? Find(string text, string name) => name switch
    {
        "strip" => new(name, arguments => Value.From(Strip(text, arguments.OptionalText(0, "chars")))),
        "lstrip" => new(name, arguments => Value.From(Strip(text, arguments.OptionalText(0, "chars"), atEnd: false))),
        "rstrip" => new(name, arguments => Value.From(Strip(text, arguments.OptionalText(0, "chars"), atStart: false))),
        "split" => new(name, arguments => Split(text, arguments)),
        "rsplit" => new(name, arguments => SplitFromEnd(text, arguments)),
        "splitlines" => new(name, _ => SplitLines(text)),
        "startswith" => new(name, arguments => Value.From(AnyOf(arguments, text.StartsWith))),
        "endswith" => new(name, arguments => Value.From(AnyOf(arguments, text.EndsWith))),
        "upper" => new(name, _ => Value.From(text.ToUpperInvariant())),
        "lower" => new(name, _ => Value.From(text.ToLowerInvariant())),
        "title" => new(name, _ => Value.From(Casing.Title(text))),
        "capitalize" => new(name, _ => Value.From(Casing.Capitalize(text))),
        "replace" => new(name, arguments => Value.From(Replace(text, arguments))),
        "removeprefix" => new(name, arguments => Value.From(RemovePrefix(text, arguments.Text(0, "prefix")))),
        "removesuffix" => new(name, arguments => Value.From(RemoveSuffix(text, arguments.Text(0, "suffix")))),
        "find" => new(name, arguments => Value.From(CodePointIndex(text, text.IndexOf(arguments.Text(0, "sub"), StringComparison.Ordinal)))),
        "rfind" => new(name, arguments => Value.From(CodePointIndex(text, text.LastIndexOf(arguments.Text(0, "sub"), StringComparison.Ordinal)))),
        "count" => new(name, arguments => Value.From(text.Split(arguments.Text(0, "sub")).Length - 1L)),
        "join" => new(name, arguments => Value.From(Join(text, Sequences.Items(arguments.Require(0, "items"))))),
        "format" => new(name, arguments => Value.From(TextFormat.Braces(text, arguments))),
        "isdigit" or "isdecimal" or "isnumeric" => new(name, _ => Value.From(text.Length > 0 && text.All(char.IsDigit))),
        "isalpha" => new(name, _ => Value.From(text.Length > 0 && text.All(char.IsLetter))),
        "isalnum" => new(name, _ => Value.From(text.Length > 0 && text.All(char.IsLetterOrDigit))),
        "isspace" => new(name, _ => Value.From(text.Length > 0 && text.All(char.IsWhiteSpace))),
        "isupper" => new(name, _ => Value.From(text.Any(char.IsUpper) && !text.Any(char.IsLower))),
        "islower" => new(name, _ => Value.From(text.Any(char.IsLower) && !text.Any(char.IsUpper))),
        _ => null,
    };

    public static string Strip(string text, string? characters, bool atStart = true, bool atEnd = true)
    {
        var start = 0;
        var end = text.Length;
        bool Drops(char c) => characters is null ? char.IsWhiteSpace(c) || c is >= '\x1c' and <= '\x1f' : characters.Contains(c);
        while (atStart && start < end && Drops(text[start]))
            start++;
        while (atEnd && end > start && Drops(text[end - 1]))
            end--;
        return text[start..end];
    }

    public static string Replace(string text, Arguments arguments)
    {
        var (old, replacement) = (arguments.Text(0, "old"), arguments.Text(1, "new"));
        var limit = arguments.Find(2, "count") is null or NoneValue ? -1 : arguments.Integer(2, "count", -1);
        if (old.Length == 0)
            throw new TemplateFault("replace() takes no empty text to look for");

        var parts = text.Split(old, limit < 0 ? int.MaxValue : (int)Math.Min(limit + 1, int.MaxValue));
        return Join(replacement, parts);
    }

    public static string Join(string separator, IReadOnlyList<Value> items) => Join(separator, [.. items.Select(item => item.ToString())]);

    private static string Join(string separator, string[] parts)
    {
        var length = parts.Sum(part => (long)part.Length) + (long)separator.Length * Math.Max(parts.Length - 1, 0);
        JinjaLimits.Default.CheckLength(length);
        return string.Join(separator, parts);
    }

    private static bool AnyOf(Arguments arguments, Func<string, StringComparison, bool> matches) => arguments.Require(0, "text") is ListValue choices
        ? choices.Items.Any(choice => matches(choice.ToString(), StringComparison.Ordinal))
        : matches(arguments.Text(0, "text"), StringComparison.Ordinal);

    private static ListValue Split(string text, Arguments arguments)
    {
        var limit = arguments.Integer(1, "maxsplit", -1);
        var count = limit < 0 ? int.MaxValue : (int)Math.Min(limit + 1, int.MaxValue);
        if (arguments.OptionalText(0, "sep") is not { } separator)
            return SplitAtSpace(text, count);
        RequireSeparator(separator);
        return ToList(text.Split(separator, count));
    }

    private static ListValue SplitAtSpace(string text, int count)
    {
        List<string> parts = [];
        var rest = Strip(text, null, atEnd: false);
        while (rest.Length > 0 && parts.Count < count - 1)
        {
            var end = 0;
            while (end < rest.Length && !char.IsWhiteSpace(rest[end]))
                end++;
            parts.Add(rest[..end]);
            rest = Strip(rest[end..], null, atEnd: false);
        }
        if (rest.Length > 0)
            parts.Add(count == int.MaxValue ? Strip(rest, null) : rest);
        return ToList(parts);
    }

    private static ListValue SplitFromEnd(string text, Arguments arguments)
    {
        var separator = arguments.Text(0, "sep");
        RequireSeparator(separator);
        var parts = text.Split(separator);
        var limit = arguments.Integer(1, "maxsplit", -1);
        if (limit < 0 || limit >= parts.Length)
            return ToList(parts);
        var head = parts.Length - (int)limit;
        return ToList([string.Join(separator, parts.Take(head)), .. parts.Skip(head)]);
    }

    private static void RequireSeparator(string separator)
    {
        if (separator.Length == 0)
            throw new TemplateFault("split() takes no empty separator");
    }

    private static ListValue SplitLines(string text)
    {
        var lines = text.ReplaceLineEndings("\n").Split('\n').ToList();
        if (lines[^1].Length == 0)
            lines.RemoveAt(lines.Count - 1);
        return ToList(lines);
    }

    private static string RemovePrefix(string text, string prefix) => text.StartsWith(prefix, StringComparison.Ordinal) ? text[prefix.Length..] : text;

    private static string RemoveSuffix(string text, string suffix) => text.EndsWith(suffix, StringComparison.Ordinal) ? text[..^suffix.Length] : text;

    private static long CodePointIndex(string text, int index) => index - text.AsSpan(0, Math.Max(index, 0)).ToString().Count(char.IsLowSurrogate);

    private static ListValue ToList(IEnumerable<string> parts) => new([.. parts.Select(part => new StringValue(part))]);
}
