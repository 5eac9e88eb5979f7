namespace LoraBridge.TextGeneration.Jinja;

internal abstract class Expression
{
    public int Line { get; init; }

    public Value Evaluate(Scope scope)
    {
        scope.State.Step(Line);
        return Compute(scope);
    }

    protected abstract Value Compute(Scope scope);
}

internal sealed class LiteralExpression(Value value) : Expression
{
    protected override Value Compute(Scope scope) => value;
}

internal sealed class NameExpression(string name) : Expression
{
    protected override Value Compute(Scope scope) => scope.Get(name);
}

internal sealed class ListExpression(IReadOnlyList<Expression> items, bool isTuple) : Expression
{
    protected override Value Compute(Scope scope) => new ListValue([.. items.Select(item => item.Evaluate(scope))], isTuple);
}

internal sealed class DictExpression(IReadOnlyList<(Expression Key, Expression Value)> items) : Expression
{
    protected override Value Compute(Scope scope)
    {
        var dict = new DictValue();
        foreach (var (key, value) in items)
            dict.Items[key.Evaluate(scope)] = value.Evaluate(scope);
        return dict;
    }
}

/// <summary><c>value if condition else otherwise</c>; without an else, undefined.</summary>
internal sealed class ConditionalExpression(Expression condition, Expression value, Expression? otherwise) : Expression
{
    protected override Value Compute(Scope scope) =>
        condition.Evaluate(scope).IsTrue ? value.Evaluate(scope) : otherwise?.Evaluate(scope) ?? new UndefinedValue("else");
}
