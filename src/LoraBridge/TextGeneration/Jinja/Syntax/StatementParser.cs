namespace LoraBridge.TextGeneration.Jinja;

/// <summary>Parses a template into statements.</summary>
internal sealed class StatementParser
{
    private readonly TokenReader _reader;
    private readonly ExpressionParser _expressions;
    private int _loops;

    private StatementParser(List<Token> tokens)
    {
        _reader = new TokenReader(tokens);
        _expressions = new ExpressionParser(_reader);
    }

    public static IReadOnlyList<Statement> Parse(List<Token> tokens)
    {
        var parser = new StatementParser(tokens);
        var body = parser.ParseUntil([]);
        return parser._reader.Current.Kind == TokenKind.End ? body : throw parser._reader.Unexpected("the end of the template");
    }

    /// <summary>Parses up to one of the named tags and stops at its name; with no names, up to the end.</summary>
    private List<Statement> ParseUntil(params string[] names)
    {
        List<Statement> body = [];
        while (true)
        {
            var token = _reader.Take();
            switch (token.Kind)
            {
                case TokenKind.Text:
                    body.Add(new TextStatement(token.Text) { Line = token.Line });
                    break;
                case TokenKind.OutputStart:
                    body.Add(new OutputStatement(_expressions.ParseTuple()) { Line = token.Line });
                    _reader.Expect(TokenKind.OutputEnd, "'}}'");
                    break;
                case TokenKind.End when names.Length == 0:
                    return body;
                case TokenKind.End:
                    throw _reader.Unexpected($"'{names[^1]}'");
                default:
                    if (_reader.Current.Kind == TokenKind.Name && names.Contains(_reader.Current.Text))
                        return body;
                    body.Add(_reader.Nested(ParseBlock));
                    break;
            }
        }
    }

    private Statement ParseBlock()
    {
        var line = _reader.Line;
        return _reader.ExpectName() switch
        {
            "if" => ParseIf(line),
            "for" => ParseFor(line),
            "set" => ParseSet(line),
            "macro" => ParseMacro(line),
            "filter" => ParseFilter(line),
            "break" => ParseJump(line, LoopSignal.Break),
            "continue" => ParseJump(line, LoopSignal.Continue),
            "generation" => ParseGeneration(line),
            "call" => ParseCall(line),
            "with" => ParseWith(line),
            "block" => ParseNamedBlock(line),
            "autoescape" => ParseAutoescape(line),
            "print" => ParsePrint(line),
            "include" or "import" or "from" or "extends" => throw new ChatTemplateException("other files cannot be included", line),
            var name => throw new ChatTemplateException($"the statement '{name}' is unknown or out of place", line),
        };
    }

    private IfStatement ParseIf(int line)
    {
        var condition = _expressions.ParseTuple();
        EndTag();
        var body = ParseUntil("elif", "else", "endif");
        var branchLine = _reader.Line;
        switch (_reader.Take().Text)
        {
            case "elif":
                var nested = _reader.Nested(() => ParseIf(branchLine));
                return new IfStatement(condition, body, [nested]) { Line = line };
            case "else":
                EndTag();
                var otherwise = ParseUntil("endif");
                _reader.Take();
                EndTag();
                return new IfStatement(condition, body, otherwise) { Line = line };
            default:
                EndTag();
                return new IfStatement(condition, body, []) { Line = line };
        }
    }

    private ForStatement ParseFor(int line)
    {
        var target = ParseTargets();
        if (!_reader.TryName("in"))
            throw _reader.Unexpected("'in'");
        var items = _expressions.ParseTuple(withConditional: false);
        var condition = _reader.TryName("if") ? _expressions.Parse() : null;
        var isRecursive = _reader.TryName("recursive");
        EndTag();

        _loops++;
        var body = ParseUntil("else", "endfor");
        _loops--;
        List<Statement> otherwise = [];
        if (_reader.Take().Text == "else")
        {
            EndTag();
            otherwise = ParseUntil("endfor");
            _reader.Take();
        }
        EndTag();
        return new ForStatement(target, items, condition, body, otherwise, isRecursive) { Line = line };
    }

    private Statement ParseSet(int line)
    {
        var target = ParseTargets();
        if (_reader.TryOperator("="))
        {
            var value = _expressions.ParseTuple();
            EndTag();
            return new SetStatement(target, value) { Line = line };
        }

        var filter = ParseBlockFilters();
        EndTag();
        var body = ParseBody("endset");
        return new BlockSetStatement(target, filter, body) { Line = line };
    }

    private MacroStatement ParseMacro(int line)
    {
        var name = _reader.ExpectName();
        return new MacroStatement(name, ParseMacroAfterName("endmacro")) { Line = line };
    }

    /// <summary>What a <c>call</c> block hands to a macro: a macro without a name, called <c>caller</c>.</summary>
    private CallBlockStatement ParseCall(int line)
    {
        var hasParameters = _reader.Current.IsOperator("(");
        var parameters = hasParameters ? ParseParameters() : [];
        if (_expressions.Parse() is not CallExpression call)
            throw new ChatTemplateException("'call' takes a call of a macro", line);
        EndTag();
        return new CallBlockStatement(call, ParseMacro(parameters, "endcall")) { Line = line };
    }

    private Macro ParseMacroAfterName(string end)
    {
        var parameters = ParseParameters();
        EndTag();
        return ParseMacro(parameters, end);
    }

    private Macro ParseMacro(IReadOnlyList<(string Name, Expression? Default)> parameters, string end)
    {
        var start = _reader.Position;
        var body = ParseBody(end);
        return new Macro(parameters, body, TakesMore: _reader.Names(start, "varargs"), TakesMoreNamed: _reader.Names(start, "kwargs"));
    }

    private List<(string Name, Expression? Default)> ParseParameters()
    {
        List<(string Name, Expression? Default)> parameters = [];
        _reader.ExpectOperator("(");
        while (!_reader.TryOperator(")"))
        {
            var parameter = _reader.ExpectName();
            parameters.Add((parameter, _reader.TryOperator("=") ? _expressions.Parse() : null));
            if (!_reader.Current.IsOperator(")"))
                _reader.ExpectOperator(",");
        }
        return parameters;
    }

    private ScopedStatement ParseWith(int line)
    {
        List<(AssignmentTarget, Expression)> variables = [];
        while (_reader.Current.Kind != TokenKind.BlockEnd)
        {
            if (variables.Count > 0)
                _reader.ExpectOperator(",");
            var target = ParseTargets(withTuple: false);
            _reader.ExpectOperator("=");
            variables.Add((target, _expressions.Parse()));
        }
        EndTag();
        return new ScopedStatement(variables, ParseUntilAndClose("endwith")) { Line = line };
    }

    /// <summary>Without inheritance a named block is what it holds.</summary>
    private ScopedStatement ParseNamedBlock(int line)
    {
        _reader.ExpectName();
        _reader.TryName("scoped");
        _reader.TryName("required");
        EndTag();
        var body = ParseUntil("endblock");
        _reader.Take();
        _reader.TryTake(TokenKind.Name);
        EndTag();
        return new ScopedStatement([], body) { Line = line };
    }

    private ScopedStatement ParseAutoescape(int line)
    {
        if (!_reader.TryName("false") && !_reader.TryName("False"))
            throw new ChatTemplateException("'autoescape' can only be false: a chat template writes no HTML", line);
        EndTag();
        return new ScopedStatement([], ParseUntilAndClose("endautoescape")) { Line = line };
    }

    private PrintStatement ParsePrint(int line)
    {
        List<Expression> values = [];
        do
        {
            values.Add(_expressions.Parse());
        }
        while (_reader.TryOperator(","));
        EndTag();
        return new PrintStatement(values) { Line = line };
    }

    private FilterBlockStatement ParseFilter(int line)
    {
        var first = new PostfixParser(_reader, _expressions).ParseFilterName(new NameExpression(BlockText.Name));
        var filter = ParseBlockFilters(first);
        EndTag();
        return new FilterBlockStatement(filter, ParseBody("endfilter")) { Line = line };
    }

    /// <summary>The filters a captured block goes through: <c>{% set x | trim | upper %}</c>.</summary>
    private Expression ParseBlockFilters(Expression? first = null)
    {
        var result = first ?? new NameExpression(BlockText.Name) { Line = _reader.Line };
        while (_reader.Current.IsOperator("|"))
            result = new PostfixParser(_reader, _expressions).ParseFilter(result);
        return result;
    }

    private GenerationStatement ParseGeneration(int line)
    {
        EndTag();
        return new GenerationStatement(ParseUntilAndClose("endgeneration")) { Line = line };
    }

    private JumpStatement ParseJump(int line, LoopSignal signal)
    {
        if (_loops == 0)
            throw new ChatTemplateException("break and continue belong into a loop", line);
        EndTag();
        return new JumpStatement(signal) { Line = line };
    }

    /// <summary>A body that cannot jump out to a loop around it.</summary>
    private List<Statement> ParseBody(string end)
    {
        var outerLoops = _loops;
        _loops = 0;
        var body = ParseUntilAndClose(end);
        _loops = outerLoops;
        return body;
    }

    private List<Statement> ParseUntilAndClose(string end)
    {
        var body = ParseUntil(end);
        _reader.Take();
        EndTag();
        return body;
    }

    private AssignmentTarget ParseTargets(bool withTuple = true)
    {
        List<AssignmentTarget> targets = [];
        var isTuple = false;
        do
        {
            if (isTuple && _reader.Current.IsName("in"))
                break;
            targets.Add(ParseTarget());
        }
        while (withTuple && _reader.TryOperator(",") && (isTuple = true));
        return isTuple ? new AssignmentTarget(targets) : targets[0];
    }

    private AssignmentTarget ParseTarget()
    {
        if (_reader.TryOperator("("))
        {
            var inner = _reader.Nested(() => ParseTargets());
            _reader.ExpectOperator(")");
            return inner;
        }
        return new AssignmentTarget(_reader.ExpectName(), _reader.TryOperator(".") ? _reader.ExpectName() : null);
    }

    private void EndTag() => _reader.Expect(TokenKind.BlockEnd, "'%}'");
}
