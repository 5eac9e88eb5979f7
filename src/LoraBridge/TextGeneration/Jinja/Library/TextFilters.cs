using System.Globalization;

namespace LoraBridge.TextGeneration.Jinja;

/// <summary>Filters on text.</summary>
internal static class TextFilters
{
    private const int MaximumWidth = 1000;

    public static void AddTo(Dictionary<string, Func<Value, Arguments, Value>> filters)
    {
        filters["trim"] = (value, arguments) => Value.From(StringMethods.Strip(value.ToString(), arguments.OptionalText(0, "chars")));
        filters["upper"] = (value, _) => Value.From(value.ToString().ToUpperInvariant());
        filters["lower"] = (value, _) => Value.From(value.ToString().ToLowerInvariant());
        filters["capitalize"] = (value, _) => Value.From(Casing.Capitalize(value.ToString()));
        filters["title"] = (value, _) => Value.From(Casing.TitleFilter(value.ToString()));
        filters["string"] = (value, _) => Value.From(value.ToString());
        filters["safe"] = (value, _) => Value.From(value.ToString());
        filters["replace"] = (value, arguments) => Value.From(StringMethods.Replace(value.ToString(), arguments));
        filters["indent"] = Indent;
        filters["format"] = (value, arguments) => Value.From(TextFormat.Percent(value.ToString(), new ListValue([.. arguments.Positional], isTuple: true)));
        filters["escape"] = (value, _) => Value.From(Escape(value.ToString()));
        filters["e"] = filters["escape"];
    }

    /// <summary>A number of spaces that a layout can sensibly ask for.</summary>
    public static int Width(long width) => width <= MaximumWidth ? (int)Math.Max(width, 0) : throw new TemplateFault($"an indentation of {width} is too wide");

    public static string EscapeNonAscii(string text) =>
        string.Concat(text.Select(c => c < 0x7f ? c.ToString() : string.Create(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}")));

    private static StringValue Indent(Value value, Arguments arguments)
    {
        var prefix = arguments.Find(0, "width") is StringValue text ? text.Text : new string(' ', Width(arguments.Integer(0, "width", 4)));
        var (first, blank) = (arguments.Flag(1, "first"), arguments.Flag(2, "blank"));
        var lines = value.ToString().Split('\n');
        for (var i = 0; i < lines.Length; i++)
        {
            if (i == 0 ? first : blank || lines[i].Length > 0)
                lines[i] = prefix + lines[i];
        }
        return new StringValue(string.Join('\n', lines));
    }

    private static string Escape(string text) => text
        .Replace("&", "&amp;", StringComparison.Ordinal)
        .Replace("<", "&lt;", StringComparison.Ordinal)
        .Replace(">", "&gt;", StringComparison.Ordinal)
        .Replace("'", "&#39;", StringComparison.Ordinal)
        .Replace("\"", "&#34;", StringComparison.Ordinal);
}
