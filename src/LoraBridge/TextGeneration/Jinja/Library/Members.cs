namespace LoraBridge.TextGeneration.Jinja;

/// <summary>Attributes and items: <c>a.b</c> prefers methods, <c>a['b']</c> prefers keys.</summary>
internal static class Members
{
    public static Value Attribute(Value target, string name) => target switch
    {
        DictValue dict => CollectionMethods.Find(dict, name) ?? dict.Items.GetValueOrDefault(new StringValue(name)) ?? new UndefinedValue(name),
        ListValue list => CollectionMethods.Find(list, name) ?? new UndefinedValue(name),
        StringValue text => (Value?)StringMethods.Find(text, name) ?? new UndefinedValue(name),
        NamespaceValue ns => ns.Attributes.GetValueOrDefault(name) ?? new UndefinedValue(name),
        LoopValue loop => loop.Attribute(name),
        CallableValue callable => callable.Attributes.GetValueOrDefault(name) ?? new UndefinedValue(name),
        UndefinedValue undefined => throw new TemplateFault($"{undefined.Reason} and has no attribute '{name}'"),
        _ => new UndefinedValue(name),
    };

    /// <summary>An attribute that is not an item, as the <c>attr</c> filter finds it.</summary>
    public static Value OwnAttribute(Value target, string name) =>
        target is DictValue dict ? CollectionMethods.Find(dict, name) ?? new UndefinedValue(name) : Attribute(target, name);

    public static Value Item(Value target, Value index) => (target, index) switch
    {
        (UndefinedValue undefined, _) => throw new TemplateFault($"{undefined.Reason} and has no item {PythonText.Repr(index)}"),
        (DictValue dict, _) when Sequences.IsKey(index) && dict.Items.TryGetValue(index, out var value) => value,
        (ListValue { HasPositions: true } or StringValue, NumericValue and not FloatValue) when Sequences.At(target, ((NumericValue)index).AsInteger()) is { } value => value,
        (_, StringValue name) => Attribute(target, name.Text),
        _ => new UndefinedValue(index.ToString()),
    };

    /// <summary>A dotted path such as <c>function.name</c>, as the <c>attribute</c> argument of filters writes it.</summary>
    public static Value Path(Value target, string path) => path.Split('.').Aggregate(
        target, (value, part) => Item(value, long.TryParse(part, out var index) ? Value.From(index) : Value.From(part)));
}
