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
        NumericValue number => number.AsInteger(),
        var other => throw new TemplateFault($"a slice takes integers, found {other.TypeName}"),
    };
}

/// <summary>The arguments as written; evaluated at each call.</summary>
internal sealed class ArgumentList(IReadOnlyList<Expression> positional, IReadOnlyList<(string Name, Expression Value)> named)
{
    public Arguments Evaluate(string callee, Scope scope)
    {
        var values = new Dictionary<string, Value>(named.Count);
        var items = positional.Select(argument => argument.Evaluate(scope)).ToList();
        foreach (var (name, value) in named)
            values[name] = value.Evaluate(scope);
        return new Arguments(callee, items, values);
    }
}

internal sealed class CallExpression(Expression target, ArgumentList arguments) : Expression
{
    protected override Value Compute(Scope scope) => target.Evaluate(scope) switch
    {
        CallableValue callable => scope.State.Bounded(callable.Call(arguments.Evaluate(callable.Name, scope))),
        UndefinedValue undefined => throw new TemplateFault($"'{undefined.Name}' is undefined and cannot be called"),
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
