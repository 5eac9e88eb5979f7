using System.Globalization;

namespace LoraBridge.TextGeneration.Jinja;

/// <summary>Parses expressions; one method a level of precedence, loosest first.</summary>
internal sealed class ExpressionParser(TokenReader reader)
{
    private static readonly string[] Comparisons = ["==", "!=", "<", "<=", ">", ">="];

    public Expression Parse() => reader.Nested(ParseConditional);

    /// <summary>An expression, or several separated by commas, which make a tuple.</summary>
    public Expression ParseTuple(bool withConditional = true)
    {
        var line = reader.Line;
        Expression Item() => withConditional ? Parse() : reader.Nested(ParseOr);
        var first = Item();
        if (!reader.Current.IsOperator(","))
            return first;

        List<Expression> items = [first];
        while (reader.TryOperator(",") && StartsExpression())
            items.Add(Item());
        return new ListExpression(items, isTuple: true) { Line = line };
    }

    private bool StartsExpression() =>
        reader.Current.Kind is not (TokenKind.BlockEnd or TokenKind.OutputEnd) && !reader.Current.IsOperator(")") && !reader.Current.IsOperator("=");

    private Expression ParseConditional()
    {
        var result = ParseOr();
        while (reader.Current.IsName("if"))
        {
            var line = reader.Take().Line;
            var condition = ParseOr();
            var otherwise = reader.TryName("else") ? Parse() : null;
            result = new ConditionalExpression(condition, result, otherwise) { Line = line };
        }
        return result;
    }

    private Expression ParseOr()
    {
        var left = ParseAnd();
        while (reader.Current.IsName("or"))
            left = new LogicalExpression(reader.Take().Line, isAnd: false, left, ParseAnd());
        return left;
    }

    private Expression ParseAnd()
    {
        var left = ParseNot();
        while (reader.Current.IsName("and"))
            left = new LogicalExpression(reader.Take().Line, isAnd: true, left, ParseNot());
        return left;
    }

    private Expression ParseNot()
    {
        if (!reader.Current.IsName("not"))
            return ParseComparison();
        var line = reader.Take().Line;
        return new NotExpression(reader.Nested(ParseNot)) { Line = line };
    }

    private Expression ParseComparison()
    {
        var line = reader.Line;
        var first = ParseSum();
        List<(string Operator, Expression Operand)> rest = [];
        while (TakeComparison() is { } name)
            rest.Add((name, ParseSum()));
        return rest.Count == 0 ? first : new ComparisonExpression(first, rest) { Line = line };
    }

    private string? TakeComparison()
    {
        if (reader.Current.Kind == TokenKind.Operator && Comparisons.Contains(reader.Current.Text))
            return reader.Take().Text;
        if (reader.TryName("in"))
            return "in";
        if (!reader.Current.IsName("not") || !reader.Peek.IsName("in"))
            return null;
        reader.Take();
        reader.Take();
        return "not in";
    }

    private Expression ParseSum() => ParseBinary(ParseConcatenation, "+", "-");

    private Expression ParseConcatenation() => ParseBinary(ParseProduct, "~");

    private Expression ParseProduct() => ParseBinary(ParsePower, "*", "/", "//", "%");

    private Expression ParsePower() => ParseBinary(() => ParseUnary(withFilters: true), "**");

    private Expression ParseBinary(Func<Expression> operand, params ReadOnlySpan<string> operators)
    {
        var left = operand();
        while (reader.Current.Kind == TokenKind.Operator && operators.Contains(reader.Current.Text))
        {
            var token = reader.Take();
            left = new BinaryExpression(token.Text, left, operand()) { Line = token.Line };
        }
        return left;
    }

    private Expression ParseUnary(bool withFilters)
    {
        var line = reader.Line;
        Expression result;
        if (reader.TryOperator("-"))
            result = new SignExpression(isNegative: true, reader.Nested(() => ParseUnary(withFilters: false))) { Line = line };
        else if (reader.TryOperator("+"))
            result = new SignExpression(isNegative: false, reader.Nested(() => ParseUnary(withFilters: false))) { Line = line };
        else
            result = ParsePrimary();

        var postfix = new PostfixParser(reader, this);
        result = postfix.ParseAccess(result);
        return withFilters ? postfix.ParseFiltersAndTests(result) : result;
    }

    public Expression ParsePrimary()
    {
        var token = reader.Take();
        return token.Kind switch
        {
            TokenKind.Name => Name(token),
            TokenKind.String => new LiteralExpression(new StringValue(JoinStrings(token.Text))) { Line = token.Line },
            TokenKind.Integer => new LiteralExpression(Integer(token)) { Line = token.Line },
            TokenKind.Float => new LiteralExpression(new FloatValue(double.Parse(token.Text, CultureInfo.InvariantCulture))) { Line = token.Line },
            TokenKind.Operator when token.Text == "(" => ParseParenthesis(token.Line),
            TokenKind.Operator when token.Text == "[" => ParseList(token.Line),
            TokenKind.Operator when token.Text == "{" => ParseDict(token.Line),
            _ => throw new ChatTemplateException($"expected an expression, found {token}", token.Line),
        };
    }

    private static Expression Name(Token token) => token.Text switch
    {
        "true" or "True" => new LiteralExpression(BooleanValue.True) { Line = token.Line },
        "false" or "False" => new LiteralExpression(BooleanValue.False) { Line = token.Line },
        "none" or "None" => new LiteralExpression(NoneValue.Instance) { Line = token.Line },
        _ => new NameExpression(token.Text) { Line = token.Line },
    };

    private static IntegerValue Integer(Token token) => long.TryParse(token.Text, CultureInfo.InvariantCulture, out var number)
        ? new IntegerValue(number)
        : throw new ChatTemplateException($"{token.Text} does not fit 64 bits", token.Line);

    private string JoinStrings(string first)
    {
        while (reader.Current.Kind == TokenKind.String)
            first += reader.Take().Text;
        return first;
    }

    private Expression ParseParenthesis(int line)
    {
        if (reader.TryOperator(")"))
            return new ListExpression([], isTuple: true) { Line = line };
        var inner = ParseTuple();
        reader.ExpectOperator(")");
        return inner;
    }

    private ListExpression ParseList(int line)
    {
        List<Expression> items = [];
        while (!reader.TryOperator("]"))
        {
            items.Add(Parse());
            if (!reader.Current.IsOperator("]"))
                reader.ExpectOperator(",");
        }
        return new ListExpression(items, isTuple: false) { Line = line };
    }

    private DictExpression ParseDict(int line)
    {
        List<(Expression Key, Expression Value)> items = [];
        while (!reader.TryOperator("}"))
        {
            var key = Parse();
            reader.ExpectOperator(":");
            items.Add((key, Parse()));
            if (!reader.Current.IsOperator("}"))
                reader.ExpectOperator(",");
        }
        return new DictExpression(items) { Line = line };
    }
}
