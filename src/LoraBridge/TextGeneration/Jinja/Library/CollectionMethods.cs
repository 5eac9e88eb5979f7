namespace LoraBridge.TextGeneration.Jinja;

/// <summary>The methods of dicts and lists.</summary>
internal static class CollectionMethods
{
    public static CallableValue? Find(DictValue dict, string name) => name switch
    {
        "items" => new(name, _ => Items(dict)),
        "keys" => new(name, _ => new ListValue([.. dict.Items.Keys])),
        "values" => new(name, _ => new ListValue([.. dict.Items.Values])),
        "get" => new(name, arguments => dict.Items.GetValueOrDefault(arguments.Require(0, "key")) ?? arguments.Find(1, "default") ?? NoneValue.Instance),
        "pop" => new(name, arguments => Pop(dict, arguments)),
        "update" => new(name, arguments => Update(dict, arguments)),
        "copy" => new(name, _ => new DictValue(new OrderedDictionary<Value, Value>(dict.Items))),
        _ => null,
    };

    public static CallableValue? Find(ListValue list, string name) => name switch
    {
        "index" => new(name, arguments => Index(list, arguments)),
        "count" => new(name, arguments => Value.From((long)list.Items.Count(arguments.Require(0, "value").Equals))),
        _ when list.IsTuple => null,
        "append" => new(name, arguments => Append(list, [arguments.Require(0, "value")])),
        "extend" => new(name, arguments => Append(list, [.. Sequences.Items(arguments.Require(0, "values"))])),
        "insert" => new(name, arguments => Insert(list, arguments)),
        "pop" => new(name, arguments => Pop(list, arguments)),
        "copy" => new(name, _ => new ListValue([.. list.Items])),
        _ => null,
    };

    public static ListValue Items(DictValue dict) =>
        new([.. dict.Items.Select(pair => new ListValue([pair.Key, pair.Value], isTuple: true))]);

    private static Value Pop(DictValue dict, Arguments arguments)
    {
        var key = arguments.Require(0, "key");
        return dict.Items.Remove(key, out var value)
            ? value
            : arguments.Find(1, "default") ?? throw new TemplateFault($"pop(): there is no key {PythonText.Repr(key)}");
    }

    private static NoneValue Update(DictValue dict, Arguments arguments)
    {
        if (arguments.Positional.FirstOrDefault() is DictValue other)
        {
            foreach (var (key, value) in other.Items.ToList())
                dict.Items[key] = value;
        }
        foreach (var (key, value) in arguments.Named)
            dict.With(key, value);
        return NoneValue.Instance;
    }

    private static NoneValue Append(ListValue list, List<Value> values)
    {
        JinjaLimits.Default.CheckItems(list.Items.Count + values.Count);
        list.Items.AddRange(values);
        return NoneValue.Instance;
    }

    private static NoneValue Insert(ListValue list, Arguments arguments)
    {
        var index = arguments.Integer(0, "index", 0);
        var position = Math.Clamp(index < 0 ? index + list.Items.Count : index, 0, list.Items.Count);
        list.Items.Insert((int)position, arguments.Require(1, "value"));
        return NoneValue.Instance;
    }

    private static Value Pop(ListValue list, Arguments arguments)
    {
        var index = arguments.Integer(0, "index", -1);
        var value = Sequences.At(list, index) ?? throw new TemplateFault($"pop(): there is no item {index}");
        list.Items.RemoveAt((int)(index < 0 ? index + list.Items.Count : index));
        return value;
    }

    private static Value Index(ListValue list, Arguments arguments)
    {
        var index = list.Items.IndexOf(arguments.Require(0, "value"));
        return index >= 0 ? Value.From((long)index) : throw new TemplateFault("index(): the list does not hold the value");
    }
}
