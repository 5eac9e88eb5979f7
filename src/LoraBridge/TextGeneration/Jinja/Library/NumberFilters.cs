using System.Globalization;

namespace LoraBridge.TextGeneration.Jinja;

/// <summary>Filters that make or change numbers.</summary>
internal static class NumberFilters
{
    public static void AddTo(Dictionary<string, Func<Value, Arguments, Value>> filters)
    {
        filters["int"] = ToInteger;
        filters["float"] = ToFloat;
        filters["abs"] = (value, _) => Operators.Order(Number(value), Value.From(0L)) < 0 ? Operators.Negate(value) : value;
        filters["round"] = Round;
    }

    private static NumericValue Number(Value value) => value as NumericValue ?? throw new TemplateFault($"a number is expected, found {value.TypeName}");

    private static Value ToInteger(Value value, Arguments arguments)
    {
        var fallback = arguments.Find(0, "default") ?? Value.From(0L);
        var numberBase = arguments.Integer(1, "base", 10);
        return value switch
        {
            StringValue text when numberBase != 10 => InBase(text.Text.Trim(), numberBase) is { } digits ? Value.From(digits) : fallback,
            BigIntegerValue => value,
            FloatValue number => FromDouble(number.AsDouble, fallback),
            NumericValue number => Value.From(number.AsInteger()),
            StringValue text when long.TryParse(text.Text, CultureInfo.InvariantCulture, out var integer) => Value.From(integer),
            StringValue text when double.TryParse(text.Text, CultureInfo.InvariantCulture, out var number) => FromDouble(number, fallback),
            _ => fallback,
        };
    }

    /// <summary>An integer as Python reads it in another base, with or without the prefix of the base; null where it is none.</summary>
    private static long? InBase(string text, long numberBase)
    {
        if (numberBase is < 2 or > 36)
            throw new TemplateFault($"int takes a base of 2 to 36, found {numberBase}");
        var isNegative = text.StartsWith('-');
        var digits = text.AsSpan().TrimStart("+-");
        var prefix = numberBase switch { 2 => "0b", 8 => "0o", 16 => "0x", _ => null };
        if (prefix is not null && digits.StartsWith(prefix, StringComparison.OrdinalIgnoreCase))
            digits = digits[2..];
        long value = 0;
        foreach (var c in digits)
        {
            var digit = char.IsAsciiDigit(c) ? c - '0' : char.IsAsciiLetter(c) ? char.ToLowerInvariant(c) - 'a' + 10 : 99;
            if (digit >= numberBase || value > (long.MaxValue - digit) / numberBase)
                return null;
            value = value * numberBase + digit;
        }
        return digits.Length == 0 ? null : isNegative ? -value : value;
    }

    private static Value FromDouble(double number, Value fallback) => Math.Abs(number) < 9e18 ? Value.From((long)number) : fallback;

    private static Value ToFloat(Value value, Arguments arguments) => value switch
    {
        NumericValue number => new FloatValue(number.AsDouble),
        StringValue text when double.TryParse(text.Text, CultureInfo.InvariantCulture, out var number) => new FloatValue(number),
        _ => arguments.Find(0, "default") ?? new FloatValue(0),
    };

    private static NumericValue Round(Value value, Arguments arguments)
    {
        if (Number(value) is not FloatValue && arguments.OptionalText(1, "method") is null or "common" && arguments.Integer(0, "precision", 0) >= 0)
            return Number(value);
        var factor = Math.Pow(10, Math.Clamp(arguments.Integer(0, "precision", 0), -300, 300));
        var scaled = Number(value).AsDouble * factor;
        return new FloatValue(arguments.OptionalText(1, "method") switch
        {
            null or "common" => Math.Round(scaled, MidpointRounding.ToEven),
            "ceil" => Math.Ceiling(scaled),
            "floor" => Math.Floor(scaled),
            var method => throw new TemplateFault($"round() does not know the method '{method}'"),
        } / factor);
    }
}
