namespace LoraBridge.TextGeneration.Jinja;

/// <summary>The arguments of a call, a filter or a test.</summary>
internal sealed class Arguments(string callee, IReadOnlyList<Value> positional, IReadOnlyDictionary<string, Value> named)
{
    /// <summary>Who is called, for messages.</summary>
    public string Callee => callee;

    public IReadOnlyList<Value> Positional => positional;

    public IReadOnlyDictionary<string, Value> Named => named;

    /// <summary>The argument at a position or of a name, or null when it is not given.</summary>
    public Value? Find(int position, string name) =>
        position < positional.Count ? positional[position] : named.GetValueOrDefault(name);

    public Value Require(int position, string name) =>
        Find(position, name) ?? throw new TemplateFault($"{callee}() lacks its argument '{name}'");

    public string Text(int position, string name) => Require(position, name) switch
    {
        StringValue text => text.Text,
        var other => throw new TemplateFault($"{callee}(): '{name}' must be a string, found {other.TypeName}"),
    };

    public string? OptionalText(int position, string name) =>
        Find(position, name) is null or NoneValue or UndefinedValue ? null : Text(position, name);

    public long Integer(int position, string name, long fallback) => Find(position, name) switch
    {
        null => fallback,
        NumericValue number and not FloatValue => number.AsInteger(),
        var other => throw new TemplateFault($"{callee}(): '{name}' must be an integer, found {other.TypeName}"),
    };

    public bool Flag(int position, string name, bool fallback = false) => Find(position, name)?.IsTrue ?? fallback;

    /// <summary>These arguments without the first positional ones.</summary>
    public Arguments Skip(int count, string newCallee) => new(newCallee, [.. positional.Skip(count)], named);

    /// <summary>These arguments and one more by name.</summary>
    public Arguments With(string name, Value value) => new(callee, positional, new Dictionary<string, Value>(named) { [name] = value });

    /// <summary>Refuses more than a number of positional arguments.</summary>
    public Arguments AtMost(int count) => positional.Count <= count
        ? this
        : throw new TemplateFault($"{callee}() takes at most {count} arguments, found {positional.Count}");
}
