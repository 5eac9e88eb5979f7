namespace LoraBridge.TextGeneration.Jinja;

internal sealed class ForStatement(
    AssignmentTarget target, Expression source, Expression? condition, IReadOnlyList<Statement> body, IReadOnlyList<Statement> otherwise,
    bool isRecursive = false) : Statement
{
    protected override LoopSignal Run(Scope scope) => Run(source.Evaluate(scope), scope, depth: 1);

    private LoopSignal Run(Value values, Scope scope, int depth)
    {
        var items = Sequences.Items(values).Where(item => IsWanted(item, scope)).ToList();
        var loop = new LoopValue(items, depth, Recursion(scope, depth));
        for (; loop.Index < items.Count; loop.Index++)
        {
            scope.State.Step(Line);
            var inner = scope.Child();
            inner.Set("loop", loop);
            target.Assign(inner, items[loop.Index]);
            if (ExecuteAll(body, inner) == LoopSignal.Break)
                return LoopSignal.None;
        }
        return items.Count == 0 ? ExecuteAll(otherwise, scope.Child()) : LoopSignal.None;
    }

    private Func<Arguments, Value>? Recursion(Scope scope, int depth) => !isRecursive
        ? null
        : arguments => scope.State.CountCall("loop", () =>
            Value.From(scope.State.Capture(() => Run(arguments.Require(0, "iterable"), scope, depth + 1))));

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
internal sealed class LoopValue(IReadOnlyList<Value> items, int depth, Func<Arguments, Value>? recursion) : Value
{
    private Value? _lastSeen;

    /// <summary>Runs the loop again over other items; the text it writes.</summary>
    public Value Recurse(Arguments arguments) => recursion is null
        ? throw new TemplateFault("the loop is not marked 'recursive', so that it cannot be called")
        : recursion(arguments);

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
        "depth" => From((long)depth),
        "depth0" => From(depth - 1L),
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
