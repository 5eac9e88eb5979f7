using System.Globalization;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace LoraBridge.TextGeneration.Jinja;

/// <summary>The <c>tojson</c> filter as chat templates know it: Python's <c>json.dumps</c> with <c>ensure_ascii=False</c>.</summary>
internal sealed class JsonText(string? indent, string itemSeparator, string keySeparator, bool sortKeys)
{
    /// <summary>Digits of an integer, as many as Python reads.</summary>
    private const int LongestInteger = 4300;

    private readonly TracedTextBuilder _text = new();

    public static TracedText Write(Value value, string? indent, string? itemSeparator = null, string? keySeparator = null, bool sortKeys = false)
    {
        var json = new JsonText(indent, itemSeparator ?? (indent is null ? ", " : ","), keySeparator ?? ": ", sortKeys);
        json.Append(value, 0);
        return json._text.ToText();
    }

    /// <exception cref="JsonException">The text is not JSON.</exception>
    public static Value Parse(string json)
    {
        using var document = JsonDocument.Parse(json);
        try
        {
            return Read(document.RootElement);
        }
        catch (InvalidOperationException exception)
        {
            throw new JsonException("a string holds half of a surrogate pair", exception);
        }
    }

    /// <summary>The value a template sees for a piece of JSON.</summary>
    public static Value Read(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => ReadObject(element),
        JsonValueKind.Array => new ListValue([.. element.EnumerateArray().Select(Read)]),
        JsonValueKind.String => new StringValue(element.GetString()!),
        JsonValueKind.Number => ReadNumber(element),
        JsonValueKind.True => BooleanValue.True,
        JsonValueKind.False => BooleanValue.False,
        _ => NoneValue.Instance,
    };

    private static NumericValue ReadNumber(JsonElement element)
    {
        if (element.TryGetInt64(out var integer))
            return new IntegerValue(integer);
        var text = element.GetRawText();
        return text.AsSpan().ContainsAny('.', 'e', 'E')
            ? new FloatValue(element.GetDouble())
            : text.Length <= LongestInteger
                ? new BigIntegerValue(BigInteger.Parse(text, CultureInfo.InvariantCulture))
                : throw new JsonException($"a number has more than {LongestInteger} digits");
    }

    private static DictValue ReadObject(JsonElement element)
    {
        var dict = new DictValue();
        foreach (var property in element.EnumerateObject())
            dict.With(property.Name, Read(property.Value));
        return dict;
    }

    private void Append(Value value, int depth)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        JinjaLimits.Default.CheckLength(_text.Length);
        switch (value)
        {
            case NoneValue:
                _text.Append("null");
                break;
            case BooleanValue:
                _text.Append(value.IsTrue ? "true" : "false");
                break;
            case NumericValue number:
                _text.Append(Number(number));
                break;
            case StringValue s:
                AppendString(s.Traced);
                break;
            case ListValue { View: null } list:
                AppendItems('[', ']', list.Items, depth, item => Append(item, depth + 1));
                break;
            case DictValue dict:
                AppendItems('{', '}', Ordered(dict), depth, pair => AppendPair(pair, depth + 1));
                break;
            default:
                throw new TemplateFault($"tojson cannot write a value of type {value.TypeName}");
        }
    }

    private static string Number(NumericValue number) => number is FloatValue && !double.IsFinite(number.AsDouble)
        ? double.IsNaN(number.AsDouble) ? "NaN" : number.AsDouble > 0 ? "Infinity" : "-Infinity"
        : PythonText.Number(number);

    private IEnumerable<KeyValuePair<Value, Value>> Ordered(DictValue dict) =>
        sortKeys ? dict.Items.OrderBy(pair => pair.Key.ToString(), StringComparer.Ordinal) : dict.Items;

    private void AppendPair(KeyValuePair<Value, Value> pair, int depth)
    {
        AppendString(pair.Key switch
        {
            NoneValue => "null",
            BooleanValue => pair.Key.IsTrue ? "true" : "false",
            StringValue or NumericValue => pair.Key.Display(),
            var key => throw new TemplateFault($"tojson cannot write a key of type {key.TypeName}"),
        });
        _text.Append(keySeparator);
        Append(pair.Value, depth);
    }

    private void AppendItems<T>(char open, char close, IEnumerable<T> items, int depth, Action<T> append)
    {
        _text.Append(open);
        var any = false;
        foreach (var item in items)
        {
            if (any)
                _text.Append(itemSeparator);
            any = true;
            NewLine(depth + 1);
            append(item);
        }
        if (any)
            NewLine(depth);
        _text.Append(close);
    }

    private void NewLine(int depth)
    {
        if (indent is null)
            return;
        _text.Append('\n');
        for (var i = 0; i < depth; i++)
            _text.Append(indent);
    }

    private void AppendString(TracedText value)
    {
        _text.Append('"');
        _text.AppendEscaped(value, c => c switch
        {
            '"' => "\\\"",
            '\\' => @"\\",
            '\n' => @"\n",
            '\r' => @"\r",
            '\t' => @"\t",
            '\b' => @"\b",
            '\f' => @"\f",
            < ' ' => string.Create(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
            _ => null,
        });
        _text.Append('"');
    }
}
