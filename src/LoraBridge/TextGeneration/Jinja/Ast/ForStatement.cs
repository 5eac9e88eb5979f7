namespace LoraBridge.TextGeneration.Jinja;

internal sealed class ForStatement(
    AssignmentTarget target, Expression source, Expression? condition, IReadOnlyList<Statement> body, IReadOnlyList<Statement> otherwise) : Statement
{
    protected override LoopSignal Run(Scope scope)
    {
        // A copy: the body may append to the list it walks.
        var items = Sequences.Items(source.Evaluate(scope)).Where(item => IsWanted(item, scope)).ToList();
        var loop = new LoopValue(items);
        for (; loop.Index < items.Count; loop.Index++)
        {
            scope.State.Step(Line);
            var inner = scope.Child();
            inner.Set("loop", loop);
            target.Assign(inner, items[loop.Index]);
            if (ExecuteAll(body, inner) == LoopSignal.Break)
                return LoopSignal.None;
        }
        return items.Count == 0 ? ExecuteAll(otherwise, scope) : LoopSignal.None;
    }

    private bool IsWanted(Value item, Scope scope)
    {
        if (condition is null)
            return true;
        var inner = scope.Child();
        target.Assign(inner, item);
        return condition.Evaluate(inner).IsTrue;
    }
}

/// <summary>The <c>loop</c> variable.</summary>
internal sealed class LoopValue(IReadOnlyList<Value> items) : Value
{
    private Value? _lastSeen;

    public int Index { get; set; }

    public override string TypeName => "loop";

    public override bool IsTrue => true;

    public Value Attribute(string name) => name switch
    {
        "index" => From(Index + 1L),
        "index0" => From((long)Index),
        "revindex" => From((long)items.Count - Index),
        "revindex0" => From(items.Count - Index - 1L),
        "first" => From(Index == 0),
        "last" => From(Index == items.Count - 1),
        "length" => From((long)items.Count),
        "previtem" => Index > 0 ? items[Index - 1] : new UndefinedValue("loop.previtem"),
        "nextitem" => Index + 1 < items.Count ? items[Index + 1] : new UndefinedValue("loop.nextitem"),
        "cycle" => new CallableValue("cycle", arguments => arguments.Require(arguments.Positional.Count == 0 ? 0 : Index % arguments.Positional.Count, "values")),
        "changed" => new CallableValue("changed", Changed),
        _ => new UndefinedValue($"loop.{name}"),
    };

    private BooleanValue Changed(Arguments arguments)
    {
        var seen = new ListValue([.. arguments.Positional], isTuple: true);
        var isNew = !seen.Equals(_lastSeen);
        _lastSeen = seen;
        return isNew ? BooleanValue.True : BooleanValue.False;
    }
}
