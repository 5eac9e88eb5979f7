namespace LoraBridge.TextGeneration.Jinja;

/// <summary>
/// A parsed template of the part of Jinja2 that published chat templates use, with the settings they expect: <c>trim_blocks</c>,
/// <c>lstrip_blocks</c>, loop controls, no escaping, and a sandbox in which lists and dicts cannot be changed. What needs other files
/// (inheritance, includes, imports) is not part of it.
/// Immutable; one template may render on several threads.
/// </summary>
internal sealed class JinjaTemplate
{
    private readonly IReadOnlyList<Statement> _body;

    private JinjaTemplate(IReadOnlyList<Statement> body, IReadOnlySet<string> members) => (_body, Members) = (body, members);

    /// <summary>The names of attributes and the texts that could be the names of items.</summary>
    public IReadOnlySet<string> Members { get; }

    /// <exception cref="ChatTemplateException">The source is not a template of this subset.</exception>
    public static JinjaTemplate Parse(string source)
    {
        ArgumentNullException.ThrowIfNull(source);
        var tokens = TemplateLexer.Tokenize(source);
        var members = tokens.Where((token, index) => token.Kind == TokenKind.String || (token.Kind == TokenKind.Name && index > 0 && tokens[index - 1].IsOperator(".")));
        return new JinjaTemplate(StatementParser.Parse(tokens), members.Select(token => token.Text).ToHashSet());
    }

    /// <exception cref="ChatTemplateException">The template raises an exception, misuses a value or exceeds a limit.</exception>
    public string Render(IReadOnlyDictionary<string, Value> variables, TimeProvider? clock = null, JinjaLimits? limits = null) =>
        RenderTraced(variables, clock, limits).Text;

    /// <summary>Renders, and tells which characters come from a <see cref="TextSource"/> or between marks of generation.</summary>
    /// <inheritdoc cref="Render"/>
    public TracedText RenderTraced(IReadOnlyDictionary<string, Value> variables, TimeProvider? clock = null, JinjaLimits? limits = null)
    {
        var state = new RenderState(limits ?? JinjaLimits.Default);
        var globals = new Scope(state, parent: null);
        Globals.AddTo(globals, clock ?? TimeProvider.System);
        foreach (var (name, value) in variables)
            globals.Set(name, value);

        try
        {
            Statement.ExecuteAll(_body, globals.Child());
            return state.Output.ToText();
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
