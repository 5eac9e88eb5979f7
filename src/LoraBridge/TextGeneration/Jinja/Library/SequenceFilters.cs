namespace LoraBridge.TextGeneration.Jinja;

/// <summary>Filters on lists and dicts as a whole.</summary>
internal static class SequenceFilters
{
    public static void AddTo(Dictionary<string, Func<Value, Arguments, Value>> filters)
    {
        filters["length"] = (value, _) => Value.From(Sequences.Length(value));
        filters["count"] = filters["length"];
        filters["list"] = (value, _) => new ListValue([.. Sequences.Items(value)]);
        filters["first"] = (value, _) => Sequences.Items(value) is [var first, ..] ? first : new UndefinedValue("first");
        filters["last"] = (value, _) => Sequences.Items(value) is [.., var last] ? last : new UndefinedValue("last");
        filters["join"] = Join;
        filters["reverse"] = (value, _) => value is StringValue
            ? Value.From(string.Concat(Sequences.Items(value).Reverse()))
            : new ListValue([.. Sequences.Items(value).Reverse()]);
        filters["items"] = (value, _) => value switch
        {
            DictValue dict => CollectionMethods.Items(dict),
            UndefinedValue => new ListValue([]),
            _ => throw new TemplateFault($"items takes a dict, found {value.TypeName}"),
        };
        filters["dictsort"] = DictSort;
        filters["sort"] = Sort;
        filters["unique"] = Unique;
        filters["sum"] = (value, arguments) => Values(value, arguments.OptionalText(0, "attribute"))
            .Aggregate(arguments.Find(1, "start") ?? Value.From(0L), (sum, item) => Operators.Apply("+", sum, item));
        filters["min"] = (value, arguments) => Extreme(value, arguments, sign: 1);
        filters["max"] = (value, arguments) => Extreme(value, arguments, sign: -1);
    }

    private static IEnumerable<Value> Values(Value value, string? attribute) =>
        attribute is null ? Sequences.Items(value) : Sequences.Items(value).Select(item => Members.Path(item, attribute));

    private static StringValue Join(Value value, Arguments arguments)
    {
        var items = Values(value, arguments.OptionalText(1, "attribute")).ToList();
        return new StringValue(StringMethods.Join(arguments.OptionalText(0, "d") ?? "", items));
    }

    private static ListValue DictSort(Value value, Arguments arguments)
    {
        if (value is not DictValue dict)
            throw new TemplateFault($"dictsort takes a dict, found {value.TypeName}");
        var order = Order(caseSensitive: arguments.Flag(0, "case_sensitive"));
        var byValue = (arguments.OptionalText(1, "by") ?? "key") == "value";
        var pairs = dict.Items.OrderBy(pair => byValue ? pair.Value : pair.Key, order);
        var sorted = pairs.Select(pair => (Value)new ListValue([pair.Key, pair.Value], isTuple: true));
        return new ListValue([.. arguments.Flag(2, "reverse") ? sorted.Reverse() : sorted]);
    }

    private static ListValue Sort(Value value, Arguments arguments)
    {
        var order = Order(caseSensitive: arguments.Flag(1, "case_sensitive"));
        var attribute = arguments.OptionalText(2, "attribute");
        Value Key(Value item) => attribute is null ? item : Members.Path(item, attribute);
        var items = Sequences.Items(value);
        return new ListValue([.. arguments.Flag(0, "reverse") ? items.OrderByDescending(Key, order) : items.OrderBy(Key, order)]);
    }

    private static ListValue Unique(Value value, Arguments arguments)
    {
        var caseSensitive = arguments.Flag(0, "case_sensitive");
        var attribute = arguments.OptionalText(1, "attribute");
        return new ListValue([.. Sequences.Items(value).DistinctBy(item => Fold(attribute is null ? item : Members.Path(item, attribute), caseSensitive))]);
    }

    private static Value Extreme(Value value, Arguments arguments, int sign)
    {
        var order = Order(caseSensitive: arguments.Flag(0, "case_sensitive"));
        var attribute = arguments.OptionalText(1, "attribute");
        var ordered = Sequences.Items(value).OrderBy(
            item => attribute is null ? item : Members.Path(item, attribute),
            Comparer<Value>.Create((a, b) => sign * order.Compare(a, b)));
        return ordered.FirstOrDefault() ?? new UndefinedValue("extreme");
    }

    private static Comparer<Value> Order(bool caseSensitive) =>
        Comparer<Value>.Create((a, b) => Operators.Order(Fold(a!, caseSensitive), Fold(b!, caseSensitive)));

    private static Value Fold(Value value, bool caseSensitive) =>
        value is StringValue text && !caseSensitive ? new StringValue(text.Text.ToLowerInvariant()) : value;
}
