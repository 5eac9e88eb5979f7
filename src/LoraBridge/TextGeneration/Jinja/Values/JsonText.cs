using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;

namespace LoraBridge.TextGeneration.Jinja;

/// <summary>The <c>tojson</c> filter as chat templates know it: Python's <c>json.dumps</c> with <c>ensure_ascii=False</c>.</summary>
internal sealed class JsonText(string? indent, string itemSeparator, string keySeparator, bool sortKeys)
{
    private readonly StringBuilder _text = new();

    public static string Write(Value value, string? indent, string? itemSeparator = null, string? keySeparator = null, bool sortKeys = false)
    {
        var json = new JsonText(indent, itemSeparator ?? (indent is null ? ", " : ","), keySeparator ?? ": ", sortKeys);
        json.Append(value, 0);
        return json._text.ToString();
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
        JsonValueKind.Number => element.TryGetInt64(out var integer) ? new IntegerValue(integer) : new FloatValue(element.GetDouble()),
        JsonValueKind.True => BooleanValue.True,
        JsonValueKind.False => BooleanValue.False,
        _ => NoneValue.Instance,
    };

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
                AppendString(s.Text);
                break;
            case ListValue list:
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
            var key => key.ToString(),
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

    private void AppendString(string value)
    {
        _text.Append('"');
        foreach (var c in value)
        {
            _ = c switch
            {
                '"' => _text.Append("\\\""),
                '\\' => _text.Append(@"\\"),
                '\n' => _text.Append(@"\n"),
                '\r' => _text.Append(@"\r"),
                '\t' => _text.Append(@"\t"),
                '\b' => _text.Append(@"\b"),
                '\f' => _text.Append(@"\f"),
                < ' ' => _text.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                _ => _text.Append(c),
            };
        }
        _text.Append('"');
    }
}
