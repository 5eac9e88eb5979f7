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
        return value switch
        {
            FloatValue number => FromDouble(number.AsDouble, fallback),
            NumericValue number => Value.From(number.AsInteger()),
            StringValue text when long.TryParse(text.Text, CultureInfo.InvariantCulture, out var integer) => Value.From(integer),
            StringValue text when double.TryParse(text.Text, CultureInfo.InvariantCulture, out var number) => FromDouble(number, fallback),
            _ => fallback,
        };
    }

    private static Value FromDouble(double number, Value fallback) => Math.Abs(number) < 9e18 ? Value.From((long)number) : fallback;

    private static Value ToFloat(Value value, Arguments arguments) => value switch
    {
        NumericValue number => new FloatValue(number.AsDouble),
        StringValue text when double.TryParse(text.Text, CultureInfo.InvariantCulture, out var number) => new FloatValue(number),
        _ => arguments.Find(0, "default") ?? new FloatValue(0),
    };

    private static FloatValue Round(Value value, Arguments arguments)
    {
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
