namespace LoraBridge.TextGeneration.Jinja;

internal sealed class AttributeExpression(Expression target, string name) : Expression
{
    protected override Value Compute(Scope scope) => Members.Attribute(target.Evaluate(scope), name);
}

internal sealed class SubscriptExpression(Expression target, Expression index) : Expression
{
    protected override Value Compute(Scope scope) => Members.Item(target.Evaluate(scope), index.Evaluate(scope));
}

internal sealed class SliceExpression(Expression target, Expression? start, Expression? stop, Expression? step) : Expression
{
    protected override Value Compute(Scope scope) =>
        Sequences.Slice(target.Evaluate(scope), Bound(start, scope), Bound(stop, scope), Bound(step, scope));

    private static long? Bound(Expression? expression, Scope scope) => expression?.Evaluate(scope) switch
    {
        null or NoneValue => null,
        NumericValue and not FloatValue and var number => ((NumericValue)number).AsInteger(),
        UndefinedValue undefined => throw new TemplateFault(undefined.Reason),
        var other => throw new TemplateFault($"a slice takes integers, found {other.TypeName}"),
    };
}

/// <summary>The arguments as written; evaluated at each call.</summary>
/// <param name="positional">Those by position.</param>
/// <param name="named">Those by name.</param>
/// <param name="spread">What <c>*</c> gives out as arguments by position, or null.</param>
/// <param name="spreadNamed">What <c>**</c> gives out as arguments by name, or null.</param>
internal sealed class ArgumentList(
    IReadOnlyList<Expression> positional, IReadOnlyList<(string Name, Expression Value)> named,
    Expression? spread = null, Expression? spreadNamed = null)
{
    public static ArgumentList None { get; } = new([], []);

    public Arguments Evaluate(string callee, Scope scope)
    {
        var values = new Dictionary<string, Value>(named.Count);
        var items = positional.Select(argument => argument.Evaluate(scope)).ToList();
        foreach (var (name, value) in named)
            Add(callee, values, name, value.Evaluate(scope));
        if (spread?.Evaluate(scope) is { } list)
            items.AddRange(Sequences.Items(list));
        if (spreadNamed?.Evaluate(scope) is { } dict)
        {
            foreach (var (key, value) in (dict as DictValue ?? throw new TemplateFault($"'**' takes a dict, found {dict.TypeName}")).Items)
                Add(callee, values, (key as StringValue ?? throw new TemplateFault("the names of arguments are strings")).Text, value);
        }
        return new Arguments(callee, items, values);
    }

    private static void Add(string callee, Dictionary<string, Value> values, string name, Value value)
    {
        if (!values.TryAdd(name, value))
            throw new TemplateFault($"{callee}() gets its argument '{name}' twice");
    }
}

internal sealed class CallExpression(Expression target, ArgumentList arguments) : Expression
{
    protected override Value Compute(Scope scope) => Call(scope, arguments => arguments);

    /// <summary>Calls with one more argument by name.</summary>
    public Value Evaluate(Scope scope, string name, Value value)
    {
        scope.State.Step(Line);
        return Call(scope, arguments => arguments.With(name, value));
    }

    private Value Call(Scope scope, Func<Arguments, Arguments> complete) => target.Evaluate(scope) switch
    {
        CallableValue callable => scope.State.Bounded(callable.Call(complete(arguments.Evaluate(callable.Name, scope)))),
        LoopValue loop => scope.State.Bounded(loop.Recurse(complete(arguments.Evaluate("loop", scope)))),
        UndefinedValue undefined => throw new TemplateFault($"{undefined.Reason} and cannot be called"),
        var other => throw new TemplateFault($"a value of type {other.TypeName} cannot be called"),
    };
}

/// <summary>An unknown filter fails when it is reached, not before: templates guard those that only some programs offer.</summary>
internal sealed class FilterExpression(string name, Expression input, ArgumentList arguments) : Expression
{
    private readonly Func<Value, Arguments, Value>? _filter = Filters.Find(name);

    protected override Value Compute(Scope scope) => scope.State.Bounded(
        (_filter ?? Filters.Require(name))(input.Evaluate(scope), arguments.Evaluate(name, scope)));
}

internal sealed class TestExpression(string name, Expression input, ArgumentList arguments) : Expression
{
    private readonly Func<Value, Arguments, bool>? _test = Tests.Find(name);

    protected override Value Compute(Scope scope) => Value.From(
        (_test ?? Tests.Require(name))(input.Evaluate(scope), arguments.Evaluate(name, scope)));
}
