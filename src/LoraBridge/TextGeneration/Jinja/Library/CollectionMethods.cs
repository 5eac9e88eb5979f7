namespace LoraBridge.TextGeneration.Jinja;

/// <summary>The methods of dicts and lists.</summary>
internal static class CollectionMethods
{
    public static Value? Find(DictValue dict, string name) => name switch
    {
        "items" => new CallableValue(name, _ => Items(dict)),
        "keys" => new CallableValue(name, _ => new ListValue([.. dict.Items.Keys], view: "dict_keys")),
        "values" => new CallableValue(name, _ => new ListValue([.. dict.Items.Values], view: "dict_values")),
        "get" => new CallableValue(name, arguments => Get(dict, arguments)),
        "copy" => new CallableValue(name, _ => new DictValue(new OrderedDictionary<Value, Value>(dict.Items))),
        "clear" or "pop" or "popitem" or "setdefault" or "update" => Forbidden(name, "dict"),
        _ => null,
    };

    public static Value? Find(ListValue list, string name) => name switch
    {
        _ when !list.HasPositions => null,
        "index" => new CallableValue(name, arguments => Index(list, arguments)),
        "count" => new CallableValue(name, arguments => Value.From((long)list.Items.Count(arguments.Require(0, "value").Equals))),
        _ when list.IsTuple || list.View is not null => null,
        "copy" => new CallableValue(name, _ => new ListValue([.. list.Items])),
        "append" or "clear" or "extend" or "insert" or "pop" or "remove" or "reverse" or "sort" => Forbidden(name, "list"),
        _ => null,
    };

    public static ListValue Items(DictValue dict) =>
        new([.. Pairs(dict)], view: "dict_items");

    public static IEnumerable<Value> Pairs(DictValue dict) =>
        dict.Items.Select(pair => new ListValue([pair.Key, pair.Value], isTuple: true));

    // The sandbox that chat templates are rendered in lets them build values, but not change them.
    private static UndefinedValue Forbidden(string name, string type) =>
        new(name, $"a template may not change a {type}, so that '{name}' cannot be used");

    private static Value Get(DictValue dict, Arguments arguments)
    {
        var key = arguments.Require(0, "key");
        if (!Sequences.IsKey(key))
            throw new TemplateFault($"a {key.TypeName} cannot be a key");
        return dict.Items.GetValueOrDefault(key) ?? arguments.Find(1, "default") ?? NoneValue.Instance;
    }

    private static IntegerValue Index(ListValue list, Arguments arguments)
    {
        var index = list.Items.IndexOf(arguments.Require(0, "value"));
        return index >= 0 ? new IntegerValue(index) : throw new TemplateFault("index(): the list does not hold the value");
    }
}
