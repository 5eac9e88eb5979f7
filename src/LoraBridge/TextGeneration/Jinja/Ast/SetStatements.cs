namespace LoraBridge.TextGeneration.Jinja;

/// <summary>A variable, or an attribute of a namespace.</summary>
internal sealed record TargetName(string Name, string? Attribute);

/// <summary>The left side of an assignment or of a loop; a tuple takes its value apart.</summary>
internal sealed class AssignmentTarget(IReadOnlyList<TargetName> names, bool isTuple)
{
    public void Assign(Scope scope, Value value)
    {
        if (!isTuple)
        {
            Assign(scope, names[0], value);
            return;
        }

        var items = Sequences.Items(value);
        if (items.Count != names.Count)
            throw new TemplateFault($"{names.Count} names take {names.Count} values, found {items.Count}");
        for (var i = 0; i < names.Count; i++)
            Assign(scope, names[i], items[i]);
    }

    private static void Assign(Scope scope, TargetName target, Value value)
    {
        if (target.Attribute is null)
            scope.Set(target.Name, value);
        else if (scope.Get(target.Name) is NamespaceValue ns)
            ns.Attributes[target.Attribute] = value;
        else
            throw new TemplateFault($"'{target.Name}' is no namespace, its attributes cannot be set");
    }
}

internal sealed class SetStatement(AssignmentTarget target, Expression value) : Statement
{
    protected override LoopSignal Run(Scope scope)
    {
        target.Assign(scope, value.Evaluate(scope));
        return LoopSignal.None;
    }
}

/// <summary>Runs a block and hands its text to filters that read it as a variable.</summary>
internal static class BlockText
{
    /// <summary>Not a name a template can write.</summary>
    public const string Name = "(block)";

    public static Value Evaluate(IReadOnlyList<Statement> body, Expression filters, Scope scope)
    {
        var inner = scope.Child();
        var text = scope.State.Capture(() => Statement.ExecuteAll(body, inner));
        inner.Set(Name, Value.From(text));
        return filters.Evaluate(inner);
    }
}

internal sealed class BlockSetStatement(AssignmentTarget target, Expression filters, IReadOnlyList<Statement> body) : Statement
{
    protected override LoopSignal Run(Scope scope)
    {
        target.Assign(scope, BlockText.Evaluate(body, filters, scope));
        return LoopSignal.None;
    }
}

internal sealed class FilterBlockStatement(Expression filters, IReadOnlyList<Statement> body) : Statement
{
    protected override LoopSignal Run(Scope scope)
    {
        scope.State.Write(BlockText.Evaluate(body, filters, scope).ToString());
        return LoopSignal.None;
    }
}
