namespace LoraBridge.TextGeneration.Jinja;

/// <summary>
/// A parsed template of the part of Jinja2 that published chat templates use, with the settings they expect: <c>trim_blocks</c>,
/// <c>lstrip_blocks</c>, loop controls, no escaping. Inheritance, includes, <c>call</c> blocks and recursive loops are not part of it.
/// Immutable; one template may render on several threads.
/// </summary>
internal sealed class JinjaTemplate
{
    private readonly IReadOnlyList<Statement> _body;

    private JinjaTemplate(IReadOnlyList<Statement> body) => _body = body;

    /// <exception cref="ChatTemplateException">The source is not a template of this subset.</exception>
    public static JinjaTemplate Parse(string source)
    {
        ArgumentNullException.ThrowIfNull(source);
        return new JinjaTemplate(StatementParser.Parse(source));
    }

    /// <exception cref="ChatTemplateException">The template raises an exception, misuses a value or exceeds a limit.</exception>
    public string Render(IReadOnlyDictionary<string, Value> variables, TimeProvider? clock = null, JinjaLimits? limits = null)
    {
        var state = new RenderState(limits ?? JinjaLimits.Default);
        var globals = new Scope(state, parent: null);
        Globals.AddTo(globals, clock ?? TimeProvider.System);
        foreach (var (name, value) in variables)
            globals.Set(name, value);

        try
        {
            Statement.ExecuteAll(_body, globals.Child());
            return state.Output.ToString();
        }
        catch (TemplateFault fault)
        {
            throw new ChatTemplateException(fault.Message, state.Line, fault);
        }
        catch (InsufficientExecutionStackException exception)
        {
            throw new ChatTemplateException("a value or an expression is nested too deep", state.Line, exception);
        }
    }
}
