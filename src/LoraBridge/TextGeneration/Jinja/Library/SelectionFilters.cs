namespace LoraBridge.TextGeneration.Jinja;

/// <summary>Filters that apply another filter or a test to each item.</summary>
internal static class SelectionFilters
{
    public static void AddTo(Dictionary<string, Func<Value, Arguments, Value>> filters)
    {
        filters["map"] = Map;
        filters["select"] = (value, arguments) => Select(value, arguments, byAttribute: false, keep: true);
        filters["reject"] = (value, arguments) => Select(value, arguments, byAttribute: false, keep: false);
        filters["selectattr"] = (value, arguments) => Select(value, arguments, byAttribute: true, keep: true);
        filters["rejectattr"] = (value, arguments) => Select(value, arguments, byAttribute: true, keep: false);
    }

    private static GeneratorValue Map(Value value, Arguments arguments)
    {
        if (arguments.Positional.Count == 0 && arguments.Named.TryGetValue("attribute", out var attribute))
        {
            var fallback = arguments.Named.GetValueOrDefault("default");
            var path = attribute.ToString();
            return ForEach(value, item => Members.Path(item, path) is var found && found is UndefinedValue ? fallback ?? found : found);
        }

        var name = arguments.Text(0, "filter");
        var filter = Filters.Require(name);
        var rest = arguments.Skip(1, name);
        return ForEach(value, item => filter(item, rest));
    }

    private static GeneratorValue Select(Value value, Arguments arguments, bool byAttribute, bool keep)
    {
        var attribute = byAttribute ? SequenceFilters.Attribute(arguments, 0) ?? throw new TemplateFault($"{arguments.Callee}() lacks its attribute") : null;
        var rest = arguments.Skip(byAttribute ? 1 : 0, "select");
        var test = rest.Positional.Count == 0 ? IsTrue : Tests.Require(rest.Text(0, "test"));
        var testArguments = rest.Skip(1, "test");
        return new GeneratorValue(Items(value).Where(
            item => test(attribute is null ? item : Members.Path(item, attribute), testArguments) == keep));
    }

    private static bool IsTrue(Value value, Arguments arguments) => value.IsTrue;

    private static GeneratorValue ForEach(Value value, Func<Value, Value> body) => new(Items(value).Select(body));

    // Unlike a loop, these filters take anything false as empty; templates pass them tools that are none.
    private static IReadOnlyList<Value> Items(Value value) => value.IsTrue ? Sequences.Items(value) : [];
}
