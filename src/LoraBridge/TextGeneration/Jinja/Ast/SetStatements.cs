namespace LoraBridge.TextGeneration.Jinja;

/// <summary>The left side of an assignment or of a loop: a variable, an attribute of a namespace, or a tuple, which takes its value apart.</summary>
internal sealed class AssignmentTarget
{
    private readonly string _name = "";
    private readonly string? _attribute;
    private readonly IReadOnlyList<AssignmentTarget>? _parts;

    public AssignmentTarget(string name, string? attribute) => (_name, _attribute) = (name, attribute);

    public AssignmentTarget(IReadOnlyList<AssignmentTarget> parts) => _parts = parts;

    public void Assign(Scope scope, Value value)
    {
        if (_parts is null)
        {
            AssignOne(scope, value);
            return;
        }

        var items = value is UndefinedValue undefined ? throw new TemplateFault(undefined.Reason) : Sequences.Items(value);
        if (items.Count != _parts.Count)
            throw new TemplateFault($"{_parts.Count} names take {_parts.Count} values, found {items.Count}");
        for (var i = 0; i < items.Count; i++)
            _parts[i].Assign(scope, items[i]);
    }

    private void AssignOne(Scope scope, Value value)
    {
        if (_attribute is null)
            scope.Set(_name, value);
        else if (scope.Get(_name) is NamespaceValue ns)
            ns.Attributes[_attribute] = value;
        else
            throw new TemplateFault($"'{_name}' is no namespace, its attributes cannot be set");
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
        scope.State.Write(BlockText.Evaluate(body, filters, scope).Display());
        return LoopSignal.None;
    }
}
