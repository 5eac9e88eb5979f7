namespace LoraBridge.TextGeneration.Jinja;

/// <summary>How a statement ended: normally, or by leaving the loop around it.</summary>
internal enum LoopSignal
{
    None,
    Break,
    Continue,
}

internal abstract class Statement
{
    public int Line { get; init; }

    public LoopSignal Execute(Scope scope)
    {
        scope.State.Step(Line);
        return Run(scope);
    }

    public static LoopSignal ExecuteAll(IReadOnlyList<Statement> statements, Scope scope)
    {
        foreach (var statement in statements)
        {
            var signal = statement.Execute(scope);
            if (signal != LoopSignal.None)
                return signal;
        }
        return LoopSignal.None;
    }

    protected abstract LoopSignal Run(Scope scope);
}

internal sealed class TextStatement(string text) : Statement
{
    private readonly TracedText _text = text;

    protected override LoopSignal Run(Scope scope)
    {
        scope.State.Write(_text);
        return LoopSignal.None;
    }
}

internal sealed class OutputStatement(Expression value) : Statement
{
    protected override LoopSignal Run(Scope scope)
    {
        scope.State.Write(value.Evaluate(scope).Display());
        return LoopSignal.None;
    }
}

/// <summary>Writes several values one after another.</summary>
internal sealed class PrintStatement(IReadOnlyList<Expression> values) : Statement
{
    protected override LoopSignal Run(Scope scope)
    {
        foreach (var value in values)
            scope.State.Write(value.Evaluate(scope).Display());
        return LoopSignal.None;
    }
}

internal sealed class IfStatement(Expression condition, IReadOnlyList<Statement> body, IReadOnlyList<Statement> otherwise) : Statement
{
    protected override LoopSignal Run(Scope scope) => ExecuteAll(condition.Evaluate(scope).IsTrue ? body : otherwise, scope);
}

internal sealed class JumpStatement(LoopSignal signal) : Statement
{
    protected override LoopSignal Run(Scope scope) => signal;
}

/// <summary>A block that marks its content as what the assistant generates.</summary>
internal sealed class GenerationStatement(IReadOnlyList<Statement> body) : Statement
{
    protected override LoopSignal Run(Scope scope)
    {
        var output = scope.State.Output;
        var start = output.Length;
        var signal = ExecuteAll(body, scope);
        output.MarkGenerated(start);
        return signal;
    }
}

/// <summary>A block whose variables stay inside: <c>with</c>, <c>block</c>, <c>autoescape</c>.</summary>
internal sealed class ScopedStatement(IReadOnlyList<(AssignmentTarget Target, Expression Value)> variables, IReadOnlyList<Statement> body) : Statement
{
    protected override LoopSignal Run(Scope scope)
    {
        var values = variables.Select(variable => variable.Value.Evaluate(scope)).ToList();
        var inner = scope.Child();
        for (var i = 0; i < values.Count; i++)
            variables[i].Target.Assign(inner, values[i]);
        return ExecuteAll(body, inner);
    }
}
