using System.Globalization;
using System.Text;

namespace LoraBridge.TextGeneration.Jinja;

/// <summary>The simple forms of Python's two ways to format a string.</summary>
internal static class TextFormat
{
    /// <summary><c>'%s and %d' % values</c>.</summary>
    public static string Percent(string format, Value values)
    {
        IReadOnlyList<Value> items = values is ListValue { IsTuple: true } tuple ? tuple.Items : [values];
        var text = new StringBuilder();
        var used = 0;
        for (var i = 0; i < format.Length; i++)
        {
            if (format[i] != '%')
            {
                text.Append(format[i]);
                continue;
            }
            var directive = ++i < format.Length ? format[i] : '\0';
            if (directive == '%')
                text.Append('%');
            else if (used == items.Count)
                throw new TemplateFault("'%' has fewer values than the format names");
            else
                text.Append(Percent(directive, items[used++]));
        }
        return used == items.Count ? text.ToString() : throw new TemplateFault("'%' has more values than the format names");
    }

    /// <summary><c>'{} {0} {name}'.format(...)</c>, without format specifications.</summary>
    public static string Braces(string format, Arguments arguments)
    {
        var text = new StringBuilder();
        var next = 0;
        for (var i = 0; i < format.Length; i++)
        {
            var c = format[i];
            if (c is '{' or '}' && i + 1 < format.Length && format[i + 1] == c)
            {
                text.Append(c);
                i++;
                continue;
            }
            if (c != '{')
            {
                text.Append(c);
                continue;
            }
            var end = format.IndexOf('}', i);
            if (end < 0)
                throw new TemplateFault("format(): a '{' is not closed");
            text.Append(Field(format[(i + 1)..end], arguments, ref next));
            i = end;
        }
        return text.ToString();
    }

    private static string Percent(char directive, Value value) => directive switch
    {
        's' => value.ToString(),
        'r' => PythonText.Repr(value),
        'd' or 'i' when value is FloatValue number => Math.Truncate(number.AsDouble).ToString("F0", CultureInfo.InvariantCulture),
        'd' or 'i' when value is NumericValue number => number.AsInteger().ToString(CultureInfo.InvariantCulture),
        'f' when value is NumericValue number => number.AsDouble.ToString("F6", CultureInfo.InvariantCulture),
        _ => throw new TemplateFault($"'%{directive}' does not take {value.TypeName}"),
    };

    private static string Field(string name, Arguments arguments, ref int next)
    {
        var isPosition = int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var position);
        if (name.Length == 0)
            position = next++;
        return (name.Length == 0 || isPosition ? arguments.Find(position, "") : arguments.Named.GetValueOrDefault(name))?.ToString()
            ?? throw new TemplateFault($"format() has no value for '{{{name}}}'");
    }
}
