using System.Collections.Frozen;
using System.Text.Json;

namespace LoraBridge.TextGeneration.Jinja;

/// <summary>The filters by name.</summary>
internal static class Filters
{
    private static readonly FrozenDictionary<string, Func<Value, Arguments, Value>> ByName = Create();

    public static Func<Value, Arguments, Value>? Find(string name) => ByName.GetValueOrDefault(name);

    public static Func<Value, Arguments, Value> Require(string name) => Find(name) ?? throw new TemplateFault($"there is no filter '{name}'");

    private static FrozenDictionary<string, Func<Value, Arguments, Value>> Create()
    {
        var filters = new Dictionary<string, Func<Value, Arguments, Value>>
        {
            ["default"] = Default,
            ["d"] = Default,
            ["tojson"] = ToJson,
            ["fromjson"] = FromJson,
            ["attr"] = (value, arguments) => Members.OwnAttribute(value, arguments.Text(0, "name")),
        };
        TextFilters.AddTo(filters);
        NumberFilters.AddTo(filters);
        SequenceFilters.AddTo(filters);
        SelectionFilters.AddTo(filters);
        return filters.ToFrozenDictionary();
    }

    private static Value Default(Value value, Arguments arguments)
    {
        var isMissing = value is UndefinedValue || (arguments.Flag(1, "boolean") && !value.IsTrue);
        return isMissing ? arguments.Find(0, "default_value") ?? new StringValue("") : value;
    }

    private static Value FromJson(Value value, Arguments arguments)
    {
        try
        {
            return JsonText.Parse(value.ToString());
        }
        catch (JsonException exception)
        {
            throw new TemplateFault($"{arguments.Callee} found no JSON: {exception.Message}");
        }
    }

    private static StringValue ToJson(Value value, Arguments arguments)
    {
        // The order in which chat templates know the arguments: ensure_ascii, indent, separators, sort_keys.
        var indent = arguments.Find(1, "indent") switch
        {
            null or NoneValue => null,
            StringValue text => text.Text,
            _ => new string(' ', TextFilters.Width(arguments.Integer(1, "indent", 0))),
        };
        var separators = arguments.Find(2, "separators") is ListValue { Items.Count: 2 } pair ? pair.Items : null;
        var json = JsonText.Write(value, indent, separators?[0].ToString(), separators?[1].ToString(), arguments.Flag(3, "sort_keys"));
        return new StringValue(arguments.Flag(0, "ensure_ascii") ? TextFilters.EscapeNonAscii(json) : json);
    }
}
