namespace LoraBridge.TextGeneration.Jinja;

/// <summary>A function whose result is the text it writes.</summary>
/// <param name="Parameters">Its parameters.</param>
/// <param name="Body">What it writes.</param>
/// <param name="TakesMore">Whether it takes more arguments by position, as <c>varargs</c>.</param>
/// <param name="TakesMoreNamed">Whether it takes more arguments by name, as <c>kwargs</c>.</param>
internal sealed record Macro(
    IReadOnlyList<(string Name, Expression? Default)> Parameters, IReadOnlyList<Statement> Body, bool TakesMore, bool TakesMoreNamed)
{
    private const string Caller = "caller";

    public CallableValue Bind(string name, Scope scope)
    {
        var names = new ListValue([.. Parameters.Select(parameter => (Value)new StringValue(parameter.Name))], isTuple: true);
        return new CallableValue(name, arguments => scope.State.CountCall(name, () => Call(name, arguments, scope)))
        {
            Attributes = new Dictionary<string, Value> { ["name"] = Value.From(name), ["arguments"] = names },
        };
    }

    private Value Call(string name, Arguments arguments, Scope scope)
    {
        var more = arguments.Named.Where(argument => Parameters.All(parameter => parameter.Name != argument.Key)).ToList();
        var inner = scope.Child();
        if (more.FindIndex(argument => argument.Key == Caller) is >= 0 and var caller)
        {
            inner.Set(Caller, more[caller].Value);
            more.RemoveAt(caller);
        }
        if (more.Count > 0 && !TakesMoreNamed)
            throw new TemplateFault($"macro '{name}' has no parameter '{more[0].Key}'");
        if (!TakesMore)
            arguments.AtMost(Parameters.Count);
        inner.Set("varargs", new ListValue([.. arguments.Positional.Skip(Parameters.Count)], isTuple: true));
        inner.Set("kwargs", more.Aggregate(new DictValue(), (dict, pair) => dict.With(pair.Key, pair.Value)));
        for (var i = 0; i < Parameters.Count; i++)
        {
            var (parameter, fallback) = Parameters[i];
            if (i < arguments.Positional.Count && arguments.Named.ContainsKey(parameter))
                throw new TemplateFault($"macro '{name}' gets its parameter '{parameter}' twice");
            inner.Set(parameter, arguments.Find(i, parameter) ?? fallback?.Evaluate(inner) ?? new UndefinedValue(parameter));
        }
        return Value.From(scope.State.Capture(() => Statement.ExecuteAll(Body, inner)));
    }
}

internal sealed class MacroStatement(string name, Macro macro) : Statement
{
    protected override LoopSignal Run(Scope scope)
    {
        scope.Set(name, macro.Bind(name, scope));
        return LoopSignal.None;
    }
}

/// <summary>Calls a macro that may call back for the content of the block: <c>{% call(x) m() %}{{ x }}{% endcall %}</c>.</summary>
internal sealed class CallBlockStatement(CallExpression call, Macro caller) : Statement
{
    protected override LoopSignal Run(Scope scope)
    {
        scope.State.Write(call.Evaluate(scope, "caller", caller.Bind("caller", scope)).Display());
        return LoopSignal.None;
    }
}
