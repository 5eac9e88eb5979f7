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
    protected override LoopSignal Run(Scope scope)
    {
        scope.State.Write(text);
        return LoopSignal.None;
    }
}

internal sealed class OutputStatement(Expression value) : Statement
{
    protected override LoopSignal Run(Scope scope)
    {
        scope.State.Write(value.Evaluate(scope).ToString());
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

/// <summary>A block that changes nothing about its content, such as <c>generation</c>.</summary>
internal sealed class GroupStatement(IReadOnlyList<Statement> body) : Statement
{
    protected override LoopSignal Run(Scope scope) => ExecuteAll(body, scope);
}
