namespace LoraBridge.TextGeneration.Jinja;

/// <summary>Defines a macro: a function whose result is the text it writes.</summary>
internal sealed class MacroStatement(
    string name, IReadOnlyList<(string Name, Expression? Default)> parameters, IReadOnlyList<Statement> body) : Statement
{
    protected override LoopSignal Run(Scope scope)
    {
        scope.Set(name, new CallableValue(name, arguments => scope.State.CountCall(name, () => Call(arguments, scope))));
        return LoopSignal.None;
    }

    private Value Call(Arguments arguments, Scope scope)
    {
        arguments.AtMost(parameters.Count);
        var unknown = arguments.Named.Keys.FirstOrDefault(key => parameters.All(parameter => parameter.Name != key));
        if (unknown is not null)
            throw new TemplateFault($"macro '{name}' has no parameter '{unknown}'");

        var inner = scope.Child();
        for (var i = 0; i < parameters.Count; i++)
        {
            var (parameter, fallback) = parameters[i];
            inner.Set(parameter, arguments.Find(i, parameter) ?? fallback?.Evaluate(inner) ?? new UndefinedValue(parameter));
        }
        return Value.From(scope.State.Capture(() => ExecuteAll(body, inner)));
    }
}
