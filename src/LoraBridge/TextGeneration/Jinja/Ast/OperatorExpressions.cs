namespace LoraBridge.TextGeneration.Jinja;

/// <summary><c>and</c> and <c>or</c>: they return one of their operands, as in Python.</summary>
internal sealed class LogicalExpression : Expression
{
    private readonly bool _isAnd;
    private readonly Expression _left;
    private readonly Expression _right;

    public LogicalExpression(int line, bool isAnd, Expression left, Expression right)
    {
        Line = line;
        (_isAnd, _left, _right) = (isAnd, left, right);
    }

    protected override Value Compute(Scope scope)
    {
        var left = _left.Evaluate(scope);
        return left.IsTrue == _isAnd ? _right.Evaluate(scope) : left;
    }
}

internal sealed class NotExpression(Expression operand) : Expression
{
    protected override Value Compute(Scope scope) => Value.From(!operand.Evaluate(scope).IsTrue);
}

internal sealed class SignExpression(bool isNegative, Expression operand) : Expression
{
    protected override Value Compute(Scope scope)
    {
        var value = operand.Evaluate(scope);
        return isNegative ? Operators.Negate(value) : value as NumericValue ?? throw new TemplateFault($"'+' does not take {value.TypeName}");
    }
}

internal sealed class BinaryExpression(string name, Expression left, Expression right) : Expression
{
    protected override Value Compute(Scope scope) =>
        scope.State.Bounded(Operators.Apply(name, left.Evaluate(scope), right.Evaluate(scope)));
}

/// <summary>A chain such as <c>a &lt; b &lt;= c</c>.</summary>
internal sealed class ComparisonExpression(Expression first, IReadOnlyList<(string Operator, Expression Operand)> rest) : Expression
{
    protected override Value Compute(Scope scope)
    {
        var left = first.Evaluate(scope);
        foreach (var (name, operand) in rest)
        {
            var right = operand.Evaluate(scope);
            if (!Operators.Compare(name, left, right))
                return BooleanValue.False;
            left = right;
        }
        return BooleanValue.True;
    }
}
