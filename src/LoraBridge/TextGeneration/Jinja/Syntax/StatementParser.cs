namespace LoraBridge.TextGeneration.Jinja;

/// <summary>Parses a template into statements.</summary>
internal sealed class StatementParser
{
    private readonly TokenReader _reader;
    private readonly ExpressionParser _expressions;
    private int _loops;

    private StatementParser(string source)
    {
        _reader = new TokenReader(TemplateLexer.Tokenize(source));
        _expressions = new ExpressionParser(_reader);
    }

    public static IReadOnlyList<Statement> Parse(string source)
    {
        var parser = new StatementParser(source);
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
        if (_reader.Current.IsName("recursive"))
            throw new ChatTemplateException("recursive loops are not supported", line);
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
        return new ForStatement(target, items, condition, body, otherwise) { Line = line };
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
        List<(string Name, Expression? Default)> parameters = [];
        _reader.ExpectOperator("(");
        while (!_reader.TryOperator(")"))
        {
            var parameter = _reader.ExpectName();
            parameters.Add((parameter, _reader.TryOperator("=") ? _expressions.Parse() : null));
            if (!_reader.Current.IsOperator(")"))
                _reader.ExpectOperator(",");
        }
        EndTag();
        return new MacroStatement(name, parameters, ParseBody("endmacro")) { Line = line };
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

    private GroupStatement ParseGeneration(int line)
    {
        EndTag();
        return new GroupStatement(ParseUntilAndClose("endgeneration")) { Line = line };
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

    private AssignmentTarget ParseTargets()
    {
        List<TargetName> names = [];
        var isTuple = false;
        var inParentheses = _reader.TryOperator("(");
        do
        {
            names.Add(new TargetName(_reader.ExpectName(), _reader.TryOperator(".") ? _reader.ExpectName() : null));
        }
        while (_reader.TryOperator(",") && (isTuple = true));
        if (inParentheses)
            _reader.ExpectOperator(")");
        return new AssignmentTarget(names, isTuple);
    }

    private void EndTag() => _reader.Expect(TokenKind.BlockEnd, "'%}'");
}
