using System.Text;

namespace LoraBridge.TextGeneration.Jinja;

/// <summary>The methods of strings.</summary>
internal static class StringMethods
{
    public static CallableValue? Find(StringValue value, string name)
    {
        var text = value.Text;
        return Transformation(value, name) ?? Search(text, name) ?? name switch
        {
            "split" => new(name, arguments => Pieces(value, Split(value.Traced, arguments))),
            "rsplit" => new(name, arguments => Pieces(value, SplitFromEnd(value.Traced, arguments))),
            "splitlines" => new(name, arguments => Pieces(value, SplitLines(value.Traced, arguments.Flag(0, "keepends")))),
            "partition" => new(name, arguments => Pieces(value, Partition(value.Traced, arguments.Text(0, "sep"), fromEnd: false), isTuple: true)),
            "rpartition" => new(name, arguments => Pieces(value, Partition(value.Traced, arguments.Text(0, "sep"), fromEnd: true), isTuple: true)),
            "isdigit" or "isdecimal" or "isnumeric" => new(name, _ => Value.From(text.Length > 0 && text.All(char.IsDigit))),
            "isalpha" => new(name, _ => Value.From(text.Length > 0 && text.All(char.IsLetter))),
            "isalnum" => new(name, _ => Value.From(text.Length > 0 && text.All(char.IsLetterOrDigit))),
            "isspace" => new(name, _ => Value.From(text.Length > 0 && text.All(PythonText.IsSpace))),
            "isascii" => new(name, _ => Value.From(text.All(char.IsAscii))),
            "isupper" => new(name, _ => Value.From(text.Any(char.IsUpper) && !text.Any(char.IsLower))),
            "islower" => new(name, _ => Value.From(text.Any(char.IsLower) && !text.Any(char.IsUpper))),
            "istitle" => new(name, _ => Value.From(text.Any(char.IsLetter) && text == Casing.Title(text))),
            _ => null,
        };
    }

    public static TracedText Strip(TracedText text, string? characters, bool atStart = true, bool atEnd = true)
    {
        var start = 0;
        var end = text.Length;
        bool Drops(char c) => characters is null ? PythonText.IsSpace(c) : characters.Contains(c);
        while (atStart && start < end && Drops(text.Text[start]))
            start++;
        while (atEnd && end > start && Drops(text.Text[end - 1]))
            end--;
        return text.Slice(start, end);
    }

    public static TracedText Replace(TracedText text, TracedText old, TracedText replacement, long limit)
    {
        if (old.Length > 0)
            return Join(replacement, text.Split(old.Text, limit < 0 ? int.MaxValue : (int)Math.Min(limit + 1, int.MaxValue)));

        // Python finds an empty text before each character and at the end.
        List<TracedText> parts = [TracedText.Empty];
        foreach (var character in Sequences.CodePoints(text))
        {
            if (limit >= 0 && parts.Count > limit)
                parts[^1] = TracedText.Concat(parts[^1], character);
            else
                parts.Add(character);
        }
        if (limit < 0 || parts.Count <= limit)
            parts.Add(TracedText.Empty);
        return Join(replacement, parts);
    }

    public static TracedText Join(TracedText separator, IReadOnlyList<TracedText> parts)
    {
        var length = parts.Sum(part => (long)part.Length) + (long)separator.Length * Math.Max(parts.Count - 1, 0);
        JinjaLimits.Default.CheckLength(length);
        var builder = new TracedTextBuilder();
        for (var i = 0; i < parts.Count; i++)
        {
            if (i > 0)
                builder.Append(separator);
            builder.Append(parts[i]);
        }
        return builder.ToText();
    }

    public static TracedText Center(TracedText text, long width, char fill = ' ')
    {
        var margin = Missing(text, width);
        // Python's rule for the side that gets the odd one.
        var left = margin / 2 + (margin & (int)width & 1);
        return Padded(text, left, margin - left, fill);
    }

    /// <summary>Methods whose result is another string.</summary>
    private static CallableValue? Transformation(StringValue value, string name)
    {
        var text = value.Traced;
        Func<Arguments, TracedText>? body = name switch
        {
            "strip" => arguments => Strip(text, Characters(value, arguments)),
            "lstrip" => arguments => Strip(text, Characters(value, arguments), atEnd: false),
            "rstrip" => arguments => Strip(text, Characters(value, arguments), atStart: false),
            "upper" => _ => text.WithText(text.Text.ToUpperInvariant()),
            "lower" => _ => text.WithText(text.Text.ToLowerInvariant()),
            "casefold" => _ => text.WithText(text.Text.ToLowerInvariant()),
            "swapcase" => _ => text.WithText(Casing.Swap(text.Text)),
            "title" => _ => text.WithText(Casing.Title(text.Text)),
            "capitalize" => _ => text.WithText(Casing.Capitalize(text.Text)),
            "replace" => arguments => Replace(text, Argument(value, arguments, 0, "old"), Argument(value, arguments, 1, "new"), Limit(arguments, 2, "count")),
            "removeprefix" => arguments => RemovePrefix(text, arguments.Text(0, "prefix")),
            "removesuffix" => arguments => RemoveSuffix(text, arguments.Text(0, "suffix")),
            "join" => arguments => Join(text, [.. Sequences.Items(arguments.Require(0, "items")).Select(item => JoinedItem(value, item))]),
            "format" => arguments => TextFormat.Braces(value, arguments),
            "center" => arguments => Center(text, arguments.Integer(0, "width", 0), Fill(arguments)),
            "ljust" => arguments => Padded(text, 0, Missing(text, arguments.Integer(0, "width", 0)), Fill(arguments)),
            "rjust" => arguments => Padded(text, Missing(text, arguments.Integer(0, "width", 0)), 0, Fill(arguments)),
            "zfill" => arguments => ZeroFilled(text, arguments.Integer(0, "width", 0)),
            "expandtabs" => arguments => ExpandTabs(text, arguments.Integer(0, "tabsize", 8)),
            _ => null,
        };
        return body is null ? null : new CallableValue(name, arguments => new StringValue(body(arguments), value.IsSafe));
    }

    private static CallableValue? Search(string text, string name) => name switch
    {
        "startswith" => new(name, arguments => Value.From(AnyOf(text, arguments, (part, choice) => part.StartsWith(choice, StringComparison.Ordinal)))),
        "endswith" => new(name, arguments => Value.From(AnyOf(text, arguments, (part, choice) => part.EndsWith(choice, StringComparison.Ordinal)))),
        "find" => new(name, arguments => Value.From(IndexOf(text, arguments, fromEnd: false))),
        "rfind" => new(name, arguments => Value.From(IndexOf(text, arguments, fromEnd: true))),
        "index" => new(name, arguments => Value.From(Found(IndexOf(text, arguments, fromEnd: false)))),
        "rindex" => new(name, arguments => Value.From(Found(IndexOf(text, arguments, fromEnd: true)))),
        "count" => new(name, arguments => Value.From(Count(Window(text, arguments, out _), arguments.Text(0, "sub")))),
        _ => null,
    };

    // A safe string escapes what it is given.
    private static TracedText Argument(StringValue self, Arguments arguments, int position, string name)
    {
        _ = arguments.Text(position, name);
        var value = (StringValue)arguments.Require(position, name);
        return self.IsSafe ? TextFilters.Escaped(value) : value.Traced;
    }

    private static string? Characters(StringValue self, Arguments arguments) =>
        arguments.OptionalText(0, "chars") is null ? null : Argument(self, arguments, 0, "chars").Text;

    private static TracedText JoinedItem(StringValue separator, Value item) => item is StringValue text
        ? separator.IsSafe ? TextFilters.Escaped(text) : text.Traced
        : throw new TemplateFault($"join() takes strings, found {item.TypeName}");

    private static long Limit(Arguments arguments, int position, string name) => arguments.Integer(position, name, -1);

    private static char Fill(Arguments arguments) => arguments.OptionalText(1, "fillchar") is { Length: 1 } fill ? fill[0] : ' ';

    private static int Missing(TracedText text, long width)
    {
        JinjaLimits.Default.CheckLength(width);
        return (int)Math.Max(width - Sequences.Length(text), 0);
    }

    private static TracedText Padded(TracedText text, int before, int after, char fill)
    {
        var builder = new TracedTextBuilder();
        builder.Append(new string(fill, before));
        builder.Append(text);
        builder.Append(new string(fill, after));
        return builder.ToText();
    }

    private static TracedText ZeroFilled(TracedText text, long width)
    {
        var zeros = new string('0', Missing(text, width));
        var sign = text.Length > 0 && text.Text[0] is '+' or '-' ? 1 : 0;
        return Join("", [text.Slice(0, sign), zeros, text.Slice(sign, text.Length)]);
    }

    private static TracedText ExpandTabs(TracedText text, long tabSize)
    {
        var column = 0L;
        return text.Escaped(c =>
        {
            if (c == '\t')
            {
                var width = tabSize > 0 ? tabSize - column % tabSize : 0;
                column += width;
                return new string(' ', TextFilters.Width(width));
            }
            column = c is '\n' or '\r' ? 0 : column + 1;
            return null;
        });
    }

    private static bool AnyOf(string text, Arguments arguments, Func<string, string, bool> matches)
    {
        var part = Window(text, arguments, out _);
        return arguments.Require(0, "text") is ListValue { IsTuple: true } choices
            ? choices.Items.Any(choice => choice is StringValue one ? matches(part, one.Text) : throw new TemplateFault($"{arguments.Callee}() takes strings, found {choice.TypeName}"))
            : matches(part, arguments.Text(0, "text"));
    }

    /// <summary>The part of a text that the optional start and end name, in code points.</summary>
    private static string Window(string text, Arguments arguments, out int offset)
    {
        offset = 0;
        if (arguments.Positional.Count < 2)
            return text;
        var length = (int)Sequences.Length((TracedText)text);
        var start = Bound(arguments, 1, 0, length);
        var end = Bound(arguments, 2, length, length);
        offset = Sequences.Offset(text, start);
        return end > start ? text[offset..Sequences.Offset(text, end)] : "";
    }

    private static int Bound(Arguments arguments, int position, int fallback, int length)
    {
        if (arguments.Find(position, "") is null or NoneValue)
            return fallback;
        var value = arguments.Integer(position, "", fallback);
        return (int)Math.Clamp(value < 0 ? value + length : value, 0, length);
    }

    private static long IndexOf(string text, Arguments arguments, bool fromEnd)
    {
        var part = Window(text, arguments, out var offset);
        var sought = arguments.Text(0, "sub");
        var index = fromEnd ? part.LastIndexOf(sought, StringComparison.Ordinal) : part.IndexOf(sought, StringComparison.Ordinal);
        return index < 0 ? -1 : Sequences.Length((TracedText)text[..(offset + index)]);
    }

    private static long Found(long index) => index >= 0 ? index : throw new TemplateFault("index(): the text is not found");

    private static long Count(string text, string sought) =>
        sought.Length == 0 ? Sequences.Length((TracedText)text) + 1 : text.Split(sought).Length - 1L;

    private static List<TracedText> Split(TracedText text, Arguments arguments)
    {
        var limit = Limit(arguments, 1, "maxsplit");
        var count = limit < 0 ? int.MaxValue : (int)Math.Min(limit + 1, int.MaxValue);
        return arguments.OptionalText(0, "sep") is { } separator ? text.Split(Separator(separator), count) : SplitAtSpace(text, count);
    }

    private static List<TracedText> SplitAtSpace(TracedText text, int count)
    {
        List<TracedText> parts = [];
        var rest = Strip(text, null, atEnd: false);
        while (rest.Length > 0 && parts.Count < count - 1)
        {
            var end = 0;
            while (end < rest.Length && !PythonText.IsSpace(rest.Text[end]))
                end++;
            parts.Add(rest.Slice(0, end));
            rest = Strip(rest.Slice(end, rest.Length), null, atEnd: false);
        }
        if (rest.Length > 0)
            parts.Add(count == int.MaxValue ? Strip(rest, null) : rest);
        return parts;
    }

    private static List<TracedText> SplitFromEnd(TracedText text, Arguments arguments)
    {
        var limit = Limit(arguments, 1, "maxsplit");
        if (arguments.OptionalText(0, "sep") is not { } separator)
        {
            if (limit >= 0)
                throw new TemplateFault("rsplit() with a limit takes a separator");
            return SplitAtSpace(text, int.MaxValue);
        }
        List<TracedText> parts = [];
        var end = text.Length;
        Separator(separator);
        while ((limit < 0 || parts.Count < limit) && LastIndexOf(text.Text, separator, end) is >= 0 and var at)
        {
            parts.Add(text.Slice(at + separator.Length, end));
            end = at;
        }
        parts.Add(text.Slice(0, end));
        parts.Reverse();
        return parts;
    }

    private static int LastIndexOf(string text, string sought, int end) => text.AsSpan(0, end).LastIndexOf(sought, StringComparison.Ordinal);

    private static string Separator(string separator) =>
        separator.Length > 0 ? separator : throw new TemplateFault("an empty separator splits nothing");

    /// <summary>The lines of a text, by all the ends of lines that Python knows.</summary>
    public static List<TracedText> SplitLines(TracedText text, bool keepEnds)
    {
        List<TracedText> lines = [];
        var start = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (!IsLineEnd(text.Text[i]))
                continue;
            var next = text.Text[i] == '\r' && i + 1 < text.Length && text.Text[i + 1] == '\n' ? i + 2 : i + 1;
            lines.Add(text.Slice(start, keepEnds ? next : i));
            start = next;
            i = next - 1;
        }
        if (start < text.Length)
            lines.Add(text.Slice(start, text.Length));
        return lines;
    }

    private static bool IsLineEnd(char c) => c is '\n' or '\r' or '\v' or '\f' or (>= '\x1c' and <= '\x1e') or '\x85' or '\u2028' or '\u2029';

    private static List<TracedText> Partition(TracedText text, string separator, bool fromEnd)
    {
        var at = fromEnd ? LastIndexOf(text.Text, Separator(separator), text.Length) : text.Text.IndexOf(Separator(separator), StringComparison.Ordinal);
        if (at < 0)
            return fromEnd ? [TracedText.Empty, TracedText.Empty, text] : [text, TracedText.Empty, TracedText.Empty];
        var end = at + separator.Length;
        return [text.Slice(0, at), text.Slice(at, end), text.Slice(end, text.Length)];
    }

    private static TracedText RemovePrefix(TracedText text, string prefix) =>
        text.Text.StartsWith(prefix, StringComparison.Ordinal) ? text.Slice(prefix.Length, text.Length) : text;

    private static TracedText RemoveSuffix(TracedText text, string suffix) =>
        text.Text.EndsWith(suffix, StringComparison.Ordinal) ? text.Slice(0, text.Length - suffix.Length) : text;

    private static ListValue Pieces(StringValue whole, List<TracedText> parts, bool isTuple = false) =>
        new([.. parts.Select(part => new StringValue(part, whole.IsSafe))], isTuple);
}
