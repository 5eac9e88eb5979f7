namespace LoraBridge.TextGeneration.Jinja;

/// <summary>Parses what may follow a value: attributes, subscripts, calls, filters and tests.</summary>
internal sealed class PostfixParser(TokenReader reader, ExpressionParser expressions)
{
    private static readonly string[] NoTestArgument = ["else", "or", "and", "is", "if", "not", "in"];

    public Expression ParseAccess(Expression target)
    {
        while (true)
        {
            var line = reader.Line;
            if (reader.TryOperator("."))
                target = ParseAttribute(target, line);
            else if (reader.TryOperator("["))
                target = ParseSubscript(target, line);
            else if (reader.Current.IsOperator("("))
                target = new CallExpression(target, ParseArguments()) { Line = line };
            else
                return target;
        }
    }

    public Expression ParseFiltersAndTests(Expression target)
    {
        while (true)
        {
            var line = reader.Line;
            if (reader.Current.IsOperator("|"))
                target = ParseFilter(target);
            else if (reader.TryName("is"))
                target = ParseTest(target, line);
            else if (reader.Current.IsOperator("("))
                target = new CallExpression(target, ParseArguments()) { Line = line };
            else
                return target;
        }
    }

    /// <summary>Parses <c>| name(arguments)</c>.</summary>
    public FilterExpression ParseFilter(Expression target)
    {
        reader.ExpectOperator("|");
        return ParseFilterName(target);
    }

    public FilterExpression ParseFilterName(Expression target)
    {
        var line = reader.Line;
        var name = reader.ExpectName();
        return new FilterExpression(name, target, ParseOptionalArguments()) { Line = line };
    }

    private Expression ParseAttribute(Expression target, int line)
    {
        if (reader.Current.Kind != TokenKind.Integer)
            return new AttributeExpression(target, reader.ExpectName()) { Line = line };
        var index = expressions.ParsePrimary();
        return new SubscriptExpression(target, index) { Line = line };
    }

    private Expression ParseSubscript(Expression target, int line)
    {
        var start = reader.Current.IsOperator(":") ? null : expressions.Parse();
        if (!reader.Current.IsOperator(":"))
        {
            reader.ExpectOperator("]");
            return new SubscriptExpression(target, start!) { Line = line };
        }

        var stop = ParseSliceBound();
        var step = ParseSliceBound();
        reader.ExpectOperator("]");
        return new SliceExpression(target, start, stop, step) { Line = line };
    }

    private Expression? ParseSliceBound() =>
        reader.TryOperator(":") && !reader.Current.IsOperator(":") && !reader.Current.IsOperator("]") ? expressions.Parse() : null;

    private Expression ParseTest(Expression target, int line)
    {
        var isNegated = reader.TryName("not");
        var name = reader.ExpectName();
        var arguments = TakesBareArgument()
            ? new ArgumentList([ParseAccess(expressions.ParsePrimary())], [])
            : ParseOptionalArguments();
        Expression result = new TestExpression(name, target, arguments) { Line = line };
        return isNegated ? new NotExpression(result) { Line = line } : result;
    }

    private bool TakesBareArgument() => reader.Current.Kind switch
    {
        TokenKind.Name => !NoTestArgument.Contains(reader.Current.Text),
        TokenKind.String or TokenKind.Integer or TokenKind.Float => true,
        _ => reader.Current.IsOperator("[") || reader.Current.IsOperator("{"),
    };

    private ArgumentList ParseOptionalArguments() => reader.Current.IsOperator("(") ? ParseArguments() : ArgumentList.None;

    public ArgumentList ParseArguments()
    {
        List<Expression> positional = [];
        List<(string Name, Expression Value)> named = [];
        Expression? spread = null, spreadNamed = null;
        reader.ExpectOperator("(");
        while (!reader.TryOperator(")"))
        {
            if (spread is null && spreadNamed is null && reader.TryOperator("*"))
            {
                spread = expressions.Parse();
            }
            else if (spreadNamed is null && reader.TryOperator("**"))
            {
                spreadNamed = expressions.Parse();
            }
            else if (spreadNamed is null && reader.Current.Kind == TokenKind.Name && reader.Peek.IsOperator("="))
            {
                var name = reader.Take().Text;
                reader.Take();
                named.Add((name, expressions.Parse()));
            }
            else if (named.Count > 0 || spread is not null || spreadNamed is not null)
            {
                throw reader.Unexpected("a named argument");
            }
            else
            {
                positional.Add(expressions.Parse());
            }
            if (!reader.Current.IsOperator(")"))
                reader.ExpectOperator(",");
        }
        return new ArgumentList(positional, named, spread, spreadNamed);
    }
}
