namespace LoraBridge.TextGeneration.Jinja;

/// <summary>Filters on lists and dicts as a whole.</summary>
internal static class SequenceFilters
{
    public static void AddTo(Dictionary<string, Func<Value, Arguments, Value>> filters)
    {
        filters["length"] = (value, _) => Value.From(Sequences.Length(value));
        filters["count"] = filters["length"];
        filters["list"] = (value, _) => new ListValue([.. Sequences.Items(value)]);
        filters["first"] = First;
        filters["last"] = Last;
        filters["join"] = Join;
        filters["reverse"] = Reverse;
        filters["items"] = (value, _) => value switch
        {
            DictValue dict => new GeneratorValue(CollectionMethods.Pairs(dict)),
            UndefinedValue { IsForbidden: false } => new GeneratorValue([]),
            _ => throw new TemplateFault($"items takes a dict, found {value.TypeName}"),
        };
        filters["dictsort"] = DictSort;
        filters["sort"] = Sort;
        filters["unique"] = Unique;
        filters["sum"] = (value, arguments) => Values(value, Attribute(arguments, 0))
            .Aggregate(arguments.Find(1, "start") ?? Value.From(0L), (sum, item) => Operators.Apply("+", sum, item));
        filters["min"] = (value, arguments) => Extreme(value, arguments, sign: 1);
        filters["max"] = (value, arguments) => Extreme(value, arguments, sign: -1);
        filters["groupby"] = GroupBy;
        filters["batch"] = (value, arguments) => Batch(value, arguments.Integer(0, "linecount", 0), arguments.Find(1, "fill_with"));
        filters["slice"] = (value, arguments) => Slice(value, arguments.Integer(0, "slices", 0), arguments.Find(1, "fill_with"));
    }

    /// <summary>The attribute that a filter looks at, a name or a position; null where it takes the items themselves.</summary>
    public static string? Attribute(Arguments arguments, int position, string name = "attribute") =>
        arguments.Find(position, name) is null or NoneValue ? null : arguments.Require(position, name).ToString();

    private static IEnumerable<Value> Values(Value value, string? attribute) =>
        attribute is null ? Sequences.Items(value) : Sequences.Items(value).Select(item => Members.Path(item, attribute));

    private static Value First(Value value, Arguments arguments) =>
        (value is GeneratorValue generator ? generator.Next() : Sequences.Items(value).FirstOrDefault()) ?? new UndefinedValue("first");

    private static Value Last(Value value, Arguments arguments) => value is GeneratorValue
        ? throw new TemplateFault("a generator has no last item, as it cannot be read from its end")
        : Sequences.Items(value).LastOrDefault() ?? new UndefinedValue("last");

    private static Value Reverse(Value value, Arguments arguments) => value switch
    {
        StringValue text => new StringValue(
            StringMethods.Join("", [.. Enumerable.Reverse(Sequences.CodePoints(text.Traced))]), text.IsSafe),
        GeneratorValue generator => new ListValue([.. Enumerable.Reverse(generator.Rest())]),
        _ => new GeneratorValue(Sequences.Items(value).Reverse()),
    };

    private static Value Join(Value value, Arguments arguments)
    {
        var items = Values(value, Attribute(arguments, 1)).Select(item => item.Display()).ToList();
        return Value.From(StringMethods.Join(arguments.Find(0, "d")?.Display() ?? TracedText.Empty, items));
    }

    private static ListValue DictSort(Value value, Arguments arguments)
    {
        if (value is not DictValue dict)
            throw new TemplateFault($"dictsort takes a dict, found {value.TypeName}");
        var order = Order(caseSensitive: arguments.Flag(0, "case_sensitive"));
        var byValue = (arguments.OptionalText(1, "by") ?? "key") == "value";
        Value Key(KeyValuePair<Value, Value> pair) => byValue ? pair.Value : pair.Key;
        var pairs = arguments.Flag(2, "reverse") ? dict.Items.OrderByDescending(Key, order) : dict.Items.OrderBy(Key, order);
        return new ListValue([.. pairs.Select(pair => (Value)new ListValue([pair.Key, pair.Value], isTuple: true))]);
    }

    private static ListValue Sort(Value value, Arguments arguments)
    {
        var order = Order(caseSensitive: arguments.Flag(1, "case_sensitive"));
        var attributes = Attribute(arguments, 2)?.Split(',');
        var items = Sequences.Items(value).Select(item => (Item: item, Keys: attributes?.Select(attribute => Members.Path(item, attribute)).ToList() ?? [item]));
        var byKeys = Comparer<List<Value>>.Create((a, b) => a.Zip(b, order.Compare).FirstOrDefault(result => result != 0));
        var sorted = arguments.Flag(0, "reverse") ? items.OrderByDescending(entry => entry.Keys, byKeys) : items.OrderBy(entry => entry.Keys, byKeys);
        return new ListValue([.. sorted.Select(entry => entry.Item)]);
    }

    private static GeneratorValue Unique(Value value, Arguments arguments)
    {
        var caseSensitive = arguments.Flag(0, "case_sensitive");
        var attribute = Attribute(arguments, 1);
        return new GeneratorValue(Sequences.Items(value).DistinctBy(item => Fold(attribute is null ? item : Members.Path(item, attribute), caseSensitive)));
    }

    private static Value Extreme(Value value, Arguments arguments, int sign)
    {
        var order = Order(caseSensitive: arguments.Flag(0, "case_sensitive"));
        var attribute = Attribute(arguments, 1);
        var ordered = Sequences.Items(value).OrderBy(
            item => attribute is null ? item : Members.Path(item, attribute),
            Comparer<Value>.Create((a, b) => sign * order.Compare(a, b)));
        return ordered.FirstOrDefault() ?? new UndefinedValue("extreme");
    }

    private static ListValue GroupBy(Value value, Arguments arguments)
    {
        var attribute = Attribute(arguments, 0) ?? throw new TemplateFault("groupby lacks its attribute");
        var fallback = arguments.Find(1, "default");
        var caseSensitive = arguments.Flag(2, "case_sensitive");
        var groups = Sequences.Items(value)
            .Select(item => (Key: Members.Path(item, attribute) is UndefinedValue missing ? fallback ?? missing : Members.Path(item, attribute), Item: item))
            .OrderBy(entry => entry.Key, Order(caseSensitive))
            .GroupBy(entry => Fold(entry.Key, caseSensitive));
        return new ListValue([.. groups.Select(group => (Value)new ListValue([group.First().Key, new ListValue([.. group.Select(entry => entry.Item)])], isTuple: true))]);
    }

    private static GeneratorValue Batch(Value value, long size, Value? fill)
    {
        if (size < 1)
            throw new TemplateFault($"batch takes a number of items above 0, found {size}");
        return new GeneratorValue(Sequences.Items(value).Chunk((int)Math.Min(size, int.MaxValue)).Select(
            items => (Value)new ListValue([.. items, .. Filling(fill, size - items.Length)])));
    }

    private static GeneratorValue Slice(Value value, long count, Value? fill)
    {
        if (count < 1)
            throw new TemplateFault($"slice takes a number of slices above 0, found {count}");
        JinjaLimits.Default.CheckItems(count);
        var items = Sequences.Items(value);
        var (each, more) = ((int)(items.Count / count), (int)(items.Count % count));
        return new GeneratorValue(Enumerable.Range(0, (int)count).Select(index =>
        {
            var start = index * each + Math.Min(index, more);
            var length = each + (index < more ? 1 : 0);
            return (Value)new ListValue([.. items.Skip(start).Take(length), .. Filling(index >= more ? fill : null, 1)]);
        }));
    }

    private static IEnumerable<Value> Filling(Value? fill, long count)
    {
        JinjaLimits.Default.CheckItems(fill is null ? 0 : count);
        return fill is null or NoneValue ? [] : Enumerable.Repeat(fill, (int)count);
    }

    private static Comparer<Value> Order(bool caseSensitive) =>
        Comparer<Value>.Create((a, b) => Operators.Order(Fold(a!, caseSensitive), Fold(b!, caseSensitive)));

    private static Value Fold(Value value, bool caseSensitive) =>
        value is StringValue text && !caseSensitive ? new StringValue(text.Text.ToLowerInvariant()) : value;
}
