using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace LoraBridge.TextGeneration.Jinja;

/// <summary>Python's <c>str()</c> and <c>repr()</c>: what a template prints and how containers show their items.</summary>
internal static class PythonText
{
    public static string Display(Value value) => value switch
    {
        StringValue text => text.Text,
        UndefinedValue => "",
        _ => Repr(value),
    };

    public static string Repr(Value value)
    {
        var text = new StringBuilder();
        AppendRepr(text, value);
        return text.ToString();
    }

    public static string Number(NumericValue value) => value switch
    {
        BooleanValue => value.IsTrue ? "True" : "False",
        FloatValue => Float(value.AsDouble),
        _ => value.AsInteger().ToString(CultureInfo.InvariantCulture),
    };

    private static void AppendRepr(StringBuilder text, Value value)
    {
        // A template can build a list that holds itself, or holds another one very often.
        RuntimeHelpers.EnsureSufficientExecutionStack();
        JinjaLimits.Default.CheckLength(text.Length);
        switch (value)
        {
            case NoneValue:
                text.Append("None");
                break;
            case NumericValue number:
                text.Append(Number(number));
                break;
            case StringValue s:
                AppendQuoted(text, s.Text);
                break;
            case ListValue list:
                AppendList(text, list);
                break;
            case DictValue dict:
                AppendDict(text, dict);
                break;
            default:
                text.Append('<').Append(value.TypeName).Append('>');
                break;
        }
    }

    private static void AppendList(StringBuilder text, ListValue list)
    {
        text.Append(list.IsTuple ? '(' : '[');
        for (var i = 0; i < list.Items.Count; i++)
        {
            if (i > 0)
                text.Append(", ");
            AppendRepr(text, list.Items[i]);
        }
        if (list is { IsTuple: true, Items.Count: 1 })
            text.Append(',');
        text.Append(list.IsTuple ? ')' : ']');
    }

    private static void AppendDict(StringBuilder text, DictValue dict)
    {
        text.Append('{');
        var first = true;
        foreach (var (key, value) in dict.Items)
        {
            if (!first)
                text.Append(", ");
            first = false;
            AppendRepr(text, key);
            text.Append(": ");
            AppendRepr(text, value);
        }
        text.Append('}');
    }

    private static void AppendQuoted(StringBuilder text, string value)
    {
        var quote = value.Contains('\'') && !value.Contains('"') ? '"' : '\'';
        text.Append(quote);
        foreach (var c in value)
        {
            _ = c switch
            {
                '\\' => text.Append(@"\\"),
                '\n' => text.Append(@"\n"),
                '\r' => text.Append(@"\r"),
                '\t' => text.Append(@"\t"),
                _ when c == quote => text.Append('\\').Append(c),
                _ when c < ' ' || c == '\x7f' => text.Append(CultureInfo.InvariantCulture, $"\\x{(int)c:x2}"),
                _ => text.Append(c),
            };
        }
        text.Append(quote);
    }

    private static string Float(double value)
    {
        if (double.IsNaN(value))
            return "nan";
        if (double.IsInfinity(value))
            return value > 0 ? "inf" : "-inf";

        // .NET writes an exponent from 1e15, Python from 1e16.
        var magnitude = Math.Abs(value);
        if (magnitude is >= 1e15 and < 1e16)
            return value.ToString("F1", CultureInfo.InvariantCulture);
        var text = value.ToString("R", CultureInfo.InvariantCulture).Replace('E', 'e');
        return text.Contains('e') || text.Contains('.') ? text : text + ".0";
    }
}
