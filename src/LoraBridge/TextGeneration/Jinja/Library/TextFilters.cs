using System.Globalization;
using System.Text;

namespace LoraBridge.TextGeneration.Jinja;

/// <summary>Filters on text.</summary>
internal static class TextFilters
{
    private const int MaximumWidth = 1000;

    public static void AddTo(Dictionary<string, Func<Value, Arguments, Value>> filters)
    {
        filters["trim"] = (value, arguments) => Soft(value, text => StringMethods.Strip(text, arguments.OptionalText(0, "chars")));
        filters["upper"] = (value, _) => Soft(value, text => text.WithText(text.Text.ToUpperInvariant()));
        filters["lower"] = (value, _) => Soft(value, text => text.WithText(text.Text.ToLowerInvariant()));
        filters["capitalize"] = (value, _) => Soft(value, text => text.WithText(Casing.Capitalize(text.Text)));
        filters["title"] = (value, _) => Value.From(value.Display().WithText(Casing.TitleFilter(value.ToString())));
        filters["string"] = (value, _) => Soft(value, text => text);
        filters["safe"] = (value, _) => new StringValue(value.Display(), isSafe: true);
        filters["replace"] = Replace;
        filters["indent"] = Indent;
        filters["format"] = Format;
        filters["escape"] = (value, _) => new StringValue(Escaped(value), isSafe: true);
        filters["e"] = filters["escape"];
        filters["forceescape"] = (value, _) => new StringValue(value.Display().Escaped(HtmlEscape), isSafe: true);
        filters["center"] = (value, arguments) => Soft(value, text => StringMethods.Center(text, arguments.Integer(0, "width", 80)));
        filters["truncate"] = Truncate;
        filters["wordcount"] = (value, _) => Value.From((long)Words(value.ToString()));
        filters["urlencode"] = (value, _) => Value.From(value.Display().Restated(Uri.EscapeDataString(value.ToString()).Replace("%2F", "/", StringComparison.Ordinal)));
    }

    /// <summary>A number of spaces that a layout can sensibly ask for.</summary>
    public static int Width(long width) => width <= MaximumWidth ? (int)Math.Max(width, 0) : throw new TemplateFault($"an indentation of {width} is too wide");

    public static TracedText EscapeNonAscii(TracedText text) =>
        text.Escaped(c => c < 0x7f ? null : string.Create(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"));

    /// <summary>A value as HTML, unless it is safe already.</summary>
    public static TracedText Escaped(Value value) =>
        value is StringValue { IsSafe: true } safe ? safe.Traced : value.Display().Escaped(HtmlEscape);

    private static string? HtmlEscape(char c) => c switch
    {
        '&' => "&amp;",
        '<' => "&lt;",
        '>' => "&gt;",
        '\'' => "&#39;",
        '"' => "&#34;",
        _ => null,
    };

    /// <summary>Filters that leave a safe string safe.</summary>
    private static StringValue Soft(Value value, Func<TracedText, TracedText> change) =>
        new(change(value.Display()), value is StringValue { IsSafe: true });

    private static Value Replace(Value value, Arguments arguments)
    {
        var limit = arguments.Find(2, "count") is null or NoneValue ? -1 : arguments.Integer(2, "count", -1);
        return Value.From(StringMethods.Replace(
            value.Display(), arguments.Require(0, "old").Display(), arguments.Require(1, "new").Display(), limit));
    }

    private static StringValue Format(Value value, Arguments arguments)
    {
        if (arguments.Positional.Count > 0 && arguments.Named.Count > 0)
            throw new TemplateFault("format takes values by position or by name, not both");
        Value values = arguments.Named.Count == 0
            ? new ListValue([.. arguments.Positional], isTuple: true)
            : arguments.Named.Aggregate(new DictValue(), (dict, pair) => dict.With(pair.Key, pair.Value));
        return TextFormat.Percent(value as StringValue ?? new StringValue(value.Display()), values);
    }

    private static StringValue Indent(Value value, Arguments arguments)
    {
        var prefix = arguments.Find(0, "width") is StringValue text ? text.Traced : new string(' ', Width(arguments.Integer(0, "width", 4)));
        var (first, blank) = (arguments.Flag(1, "first"), arguments.Flag(2, "blank"));
        var lines = StringMethods.SplitLines(TracedText.Concat(value.Display(), "\n"), keepEnds: false);
        for (var i = 0; i < lines.Count; i++)
        {
            if (i == 0 ? first : blank || lines[i].Length > 0)
                lines[i] = TracedText.Concat(prefix, lines[i]);
        }
        return new StringValue(StringMethods.Join("\n", lines), value is StringValue { IsSafe: true });
    }

    private static StringValue Truncate(Value value, Arguments arguments)
    {
        var text = value.Display();
        var length = arguments.Integer(0, "length", 255);
        var end = arguments.Find(2, "end") is StringValue given ? given.Traced : "...";
        var leeway = arguments.Find(3, "leeway") is null or NoneValue ? 5 : arguments.Integer(3, "leeway", 5);
        if (length < Sequences.Length(end))
            throw new TemplateFault($"truncate: {length} characters are fewer than the end takes");
        if (Sequences.Length(text) <= length + leeway)
            return new StringValue(text);
        var kept = text.Slice(0, Sequences.Offset(text.Text, (int)(length - Sequences.Length(end))));
        if (!arguments.Flag(1, "killwords") && kept.Text.LastIndexOf(' ') is >= 0 and var space)
            kept = kept.Slice(0, space);
        return new StringValue(TracedText.Concat(kept, end));
    }

    private static int Words(string text)
    {
        var count = 0;
        var inWord = false;
        foreach (var rune in text.EnumerateRunes())
        {
            var isWord = Rune.IsLetterOrDigit(rune) || rune.Value == '_';
            count += isWord && !inWord ? 1 : 0;
            inWord = isWord;
        }
        return count;
    }
}
