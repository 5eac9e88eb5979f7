using System.Globalization;
using System.Text;

namespace LoraBridge.TextGeneration.Jinja;

/// <summary>The directives of C's <c>strftime</c> that templates date their system prompt with.</summary>
internal static class StrfTime
{
    public static string Format(DateTimeOffset time, string format)
    {
        var text = new StringBuilder();
        for (var i = 0; i < format.Length; i++)
        {
            if (format[i] != '%' || i + 1 == format.Length)
            {
                text.Append(format[i]);
                continue;
            }
            var unpadded = format[++i] == '-' && i + 1 < format.Length;
            if (unpadded)
                i++;
            var part = Directive(time, format[i]);
            text.Append(unpadded && part.Length > 1 ? part.TrimStart('0').PadLeft(1, '0') : part);
        }
        return text.ToString();
    }

    private static string Directive(DateTimeOffset time, char directive) => directive switch
    {
        'j' => time.DayOfYear.ToString("D3", CultureInfo.InvariantCulture),
        '%' => "%",
        _ => time.ToString(Pattern(directive), CultureInfo.InvariantCulture),
    };

    private static string Pattern(char directive) => directive switch
    {
        'Y' => "yyyy",
        'y' => "yy",
        'm' => "MM",
        'd' => "dd",
        'H' => "HH",
        'I' => "hh",
        'M' => "mm",
        'S' => "ss",
        'p' => "tt",
        'A' => "dddd",
        'a' => "ddd",
        'B' => "MMMM",
        'b' or 'h' => "MMM",
        'F' => "yyyy-MM-dd",
        'T' => "HH:mm:ss",
        _ => throw new TemplateFault($"strftime_now() does not know the directive %{directive}"),
    };
}
