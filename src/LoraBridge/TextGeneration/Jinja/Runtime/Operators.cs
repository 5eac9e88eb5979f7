namespace LoraBridge.TextGeneration.Jinja;

/// <summary>Python's arithmetic and comparison on template values.</summary>
internal static class Operators
{
    public static Value Apply(string name, Value left, Value right)
    {
        if (name == "~")
            return Value.From(TracedText.Concat(left.Display(), right.Display()));
        if (left is NumericValue a && right is NumericValue b)
            return a is FloatValue || b is FloatValue ? Floats(name, a.AsDouble, b.AsDouble) : Integers(name, a.AsInteger(), b.AsInteger());

        return (name, left, right) switch
        {
            (_, UndefinedValue u, _) => throw new TemplateFault(u.Reason),
            ("%", StringValue format, _) => TextFormat.Percent(format, right),
            (_, _, UndefinedValue u) => throw new TemplateFault(u.Reason),
            ("+", StringValue x, StringValue y) => Add(x, y),
            ("+", ListValue { View: null } x, ListValue { View: null } y) when x.IsTuple == y.IsTuple => new ListValue([.. x.Items, .. y.Items], x.IsTuple),
            ("*", StringValue or ListValue { View: null }, NumericValue count) => Repeat(left, count.AsInteger()),
            ("*", NumericValue count, StringValue or ListValue { View: null }) => Repeat(right, count.AsInteger()),
            _ => throw new TemplateFault($"'{name}' does not take {left.TypeName} and {right.TypeName}"),
        };
    }

    public static bool Compare(string name, Value left, Value right) => name switch
    {
        "==" => left.Equals(right),
        "!=" => !left.Equals(right),
        "in" => Sequences.Contains(right, left),
        "not in" => !Sequences.Contains(right, left),
        "<" => Order(left, right) < 0,
        "<=" => Order(left, right) <= 0,
        ">" => Order(left, right) > 0,
        _ => Order(left, right) >= 0,
    };

    /// <summary>The order of two numbers, strings, or lists of them.</summary>
    public static int Order(Value left, Value right) => (left, right) switch
    {
        (NumericValue and not FloatValue, NumericValue and not FloatValue) => ((NumericValue)left).Whole.CompareTo(((NumericValue)right).Whole),
        (NumericValue a, NumericValue b) => a.AsDouble.CompareTo(b.AsDouble),
        (StringValue a, StringValue b) => string.CompareOrdinal(a.Text, b.Text),
        (ListValue { View: null } a, ListValue { View: null } b) when a.IsTuple == b.IsTuple => a.Items.Zip(b.Items, Order).FirstOrDefault(order => order != 0, a.Items.Count.CompareTo(b.Items.Count)),
        (UndefinedValue u, _) => throw new TemplateFault(u.Reason),
        (_, UndefinedValue u) => throw new TemplateFault(u.Reason),
        _ => throw new TemplateFault($"{left.TypeName} and {right.TypeName} have no order"),
    };

    public static Value Negate(Value value) => value switch
    {
        FloatValue number => new FloatValue(-number.AsDouble),
        NumericValue number => Integers("-", 0, number.AsInteger()),
        _ => throw new TemplateFault($"'-' does not take {value.TypeName}"),
    };

    private static Value Integers(string name, long a, long b)
    {
        try
        {
            return name switch
            {
                "+" => Value.From(checked(a + b)),
                "-" => Value.From(checked(a - b)),
                "*" => Value.From(checked(a * b)),
                "/" => new FloatValue(a / NotZero(b)),
                "//" => Value.From(checked((a - Modulo(a, b)) / b)),
                "%" => Value.From(Modulo(a, b)),
                _ => b < 0 ? new FloatValue(Math.Pow(a, b)) : Value.From(Power(a, b)),
            };
        }
        catch (OverflowException)
        {
            throw new TemplateFault($"the result of '{name}' does not fit 64 bits");
        }
    }

    private static double NotZero(double divisor) => divisor == 0 ? throw new TemplateFault("division by zero") : divisor;

    /// <summary>The remainder that has the divisor's sign.</summary>
    private static long Modulo(long a, long b)
    {
        if (b == 0)
            throw new TemplateFault("division by zero");
        return (long)(((Int128)a % b + b) % b);
    }

    private static long Power(long value, long exponent)
    {
        // Beyond 64 doublings only 0, 1 and -1 stay in range.
        if (exponent > 64 && value is < -1 or > 1)
            throw new OverflowException();
        var result = 1L;
        for (var i = 0L; i < (exponent > 64 ? exponent % 2 + 2 : exponent); i++)
            result = checked(result * value);
        return result;
    }

    private static FloatValue Floats(string name, double a, double b) => new(name switch
    {
        "+" => a + b,
        "-" => a - b,
        "*" => a * b,
        "/" => a / NotZero(b),
        "//" => Math.Floor(a / NotZero(b)),
        "%" => a - NotZero(b) * Math.Floor(a / b),
        _ => Math.Pow(a, b),
    });

    private static StringValue Add(StringValue a, StringValue b) => a.IsSafe || b.IsSafe
        ? new StringValue(TracedText.Concat(TextFilters.Escaped(a), TextFilters.Escaped(b)), isSafe: true)
        : new StringValue(TracedText.Concat(a.Traced, b.Traced));

    private static Value Repeat(Value value, long count)
    {
        count = Math.Clamp(count, 0, int.MaxValue);
        if (value is StringValue { Traced: var text } repeated)
        {
            JinjaLimits.Default.CheckLength(text.Length * count);
            return new StringValue(text.Length == 0 ? "" : StringMethods.Join("", [.. Enumerable.Repeat(text, (int)count)]), repeated.IsSafe);
        }

        var list = (ListValue)value;
        JinjaLimits.Default.CheckItems(list.Items.Count * count);
        return new ListValue(list.Items.Count == 0 ? [] : [.. Enumerable.Repeat(list.Items, (int)count).SelectMany(items => items)], list.IsTuple);
    }
}
