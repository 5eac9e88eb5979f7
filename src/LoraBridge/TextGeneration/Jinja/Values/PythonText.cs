using System.Globalization;
using System.Runtime.CompilerServices;

namespace LoraBridge.TextGeneration.Jinja;

/// <summary>Python's <c>str()</c> and <c>repr()</c>: what a template prints and how containers show their items.</summary>
internal static class PythonText
{
    public static TracedText Display(Value value) => value switch
    {
        StringValue text => text.Traced,
        UndefinedValue undefined => undefined.IsForbidden ? throw new TemplateFault(undefined.Reason) : TracedText.Empty,
        _ => Traced(value),
    };

    public static string Repr(Value value) => Traced(value).Text;

    /// <summary>What Python takes as white space.</summary>
    public static bool IsSpace(char c) => char.IsWhiteSpace(c) || c is >= '\x1c' and <= '\x1f';

    public static string Number(NumericValue value) => value switch
    {
        BooleanValue => value.IsTrue ? "True" : "False",
        FloatValue => Float(value.AsDouble),
        _ => value.Whole.ToString(CultureInfo.InvariantCulture),
    };

    private static TracedText Traced(Value value)
    {
        var text = new TracedTextBuilder();
        AppendRepr(text, value);
        return text.ToText();
    }

    private static void AppendRepr(TracedTextBuilder text, Value value)
    {
        // A template can nest lists deeply, or hold one very often.
        RuntimeHelpers.EnsureSufficientExecutionStack();
        JinjaLimits.Default.CheckLength(text.Length);
        switch (value)
        {
            case NoneValue:
                text.Append("None");
                break;
            case UndefinedValue:
                text.Append("Undefined");
                break;
            case NumericValue number:
                text.Append(Number(number));
                break;
            case StringValue s:
                AppendQuoted(text, s);
                break;
            case ListValue list:
                AppendList(text, list);
                break;
            case DictValue dict:
                AppendDict(text, dict);
                break;
            default:
                text.Append($"<{value.TypeName}>");
                break;
        }
    }

    private static void AppendList(TracedTextBuilder text, ListValue list)
    {
        if (list.View is { } view)
        {
            text.Append(view);
            if (view.EndsWith(')'))
                return;
            text.Append('(');
        }
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
        if (list.View is not null)
            text.Append(')');
    }

    private static void AppendDict(TracedTextBuilder text, DictValue dict)
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

    private static void AppendQuoted(TracedTextBuilder text, StringValue value)
    {
        var quote = value.Text.Contains('\'') && !value.Text.Contains('"') ? '"' : '\'';
        if (value.IsSafe)
            text.Append("Markup(");
        text.Append(quote);
        text.AppendEscaped(value.Traced, c => c switch
        {
            '\\' => @"\\",
            '\n' => @"\n",
            '\r' => @"\r",
            '\t' => @"\t",
            _ when c == quote => "\\" + c,
            _ when c < ' ' || c is >= '\x7f' and <= '\xa0' or '\xad' => string.Create(CultureInfo.InvariantCulture, $"\\x{(int)c:x2}"),
            _ when IsHidden(c) => string.Create(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
            _ => null,
        });
        text.Append(quote);
        if (value.IsSafe)
            text.Append(')');
    }

    /// <summary>Characters that Python does not take as printable, apart from those beyond 16 bits.</summary>
    private static bool IsHidden(char c) => char.GetUnicodeCategory(c) is UnicodeCategory.Control or UnicodeCategory.Format
        or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned
        || (char.GetUnicodeCategory(c) == UnicodeCategory.SpaceSeparator && c != ' ');

    private static string Float(double value)
    {
        if (double.IsNaN(value))
            return "nan";
        if (double.IsInfinity(value))
            return value > 0 ? "inf" : "-inf";

        var text = value.ToString("R", CultureInfo.InvariantCulture).Replace('E', 'e');
        var magnitude = Math.Abs(value);
        // Python writes an exponent from 1e16 on, .NET between 1e15 and 1e17, as the digits are.
        if (magnitude is >= 1e15 and < 1e16)
            return value.ToString("F1", CultureInfo.InvariantCulture);
        if (magnitude >= 1e16 && !text.Contains('e'))
            return Scientific(text);
        return text.Contains('e') || text.Contains('.') ? text : text + ".0";
    }

    /// <summary>Digits without a point as <c>d.ddde+XX</c>.</summary>
    private static string Scientific(string integer)
    {
        var sign = integer.StartsWith('-') ? "-" : "";
        var digits = integer[sign.Length..];
        var significant = digits.TrimEnd('0');
        var fraction = significant.Length > 1 ? "." + significant[1..] : "";
        return string.Create(CultureInfo.InvariantCulture, $"{sign}{significant[0]}{fraction}e+{digits.Length - 1:00}");
    }
}
