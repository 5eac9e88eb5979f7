using System.Collections.Frozen;

namespace LoraBridge.TextGeneration.Jinja;

/// <summary>What may follow <c>is</c>.</summary>
internal static class Tests
{
    private static readonly FrozenDictionary<string, Func<Value, Arguments, bool>> ByName = new Dictionary<string, Func<Value, Arguments, bool>>
    {
        ["defined"] = (value, _) => value is not UndefinedValue,
        ["undefined"] = (value, _) => value is UndefinedValue,
        ["none"] = (value, _) => value is NoneValue,
        ["string"] = (value, _) => value is StringValue,
        ["number"] = (value, _) => value is NumericValue,
        ["integer"] = (value, _) => value is IntegerValue or BigIntegerValue,
        ["float"] = (value, _) => value is FloatValue,
        ["boolean"] = (value, _) => value is BooleanValue,
        ["true"] = (value, _) => ReferenceEquals(value, BooleanValue.True),
        ["false"] = (value, _) => ReferenceEquals(value, BooleanValue.False),
        ["mapping"] = (value, _) => value is DictValue,
        ["sequence"] = (value, _) => value is ListValue { HasPositions: true } or DictValue or StringValue or UndefinedValue,
        ["iterable"] = (value, _) => value is ListValue or DictValue or StringValue or UndefinedValue or GeneratorValue,
        ["escaped"] = (value, _) => value is StringValue { IsSafe: true },
        ["filter"] = (value, _) => Filters.Find(value.ToString()) is not null,
        ["test"] = (value, _) => Find(value.ToString()) is not null,
        ["callable"] = (value, _) => value is CallableValue,
        ["odd"] = (value, _) => Modulo(value, 2) == 1,
        ["even"] = (value, _) => Modulo(value, 2) == 0,
        ["divisibleby"] = (value, arguments) => Modulo(value, arguments.Integer(0, "number", 0)) == 0,
        ["lower"] = (value, _) => value.ToString() is var text && text.Any(char.IsLetter) && text == text.ToLowerInvariant(),
        ["upper"] = (value, _) => value.ToString() is var text && text.Any(char.IsLetter) && text == text.ToUpperInvariant(),
        ["sameas"] = (value, arguments) => SameAs(value, arguments.Require(0, "other")),
        ["in"] = (value, arguments) => Sequences.Contains(arguments.Require(0, "seq"), value),
        ["=="] = Comparison("=="),
        ["eq"] = Comparison("=="),
        ["equalto"] = Comparison("=="),
        ["!="] = Comparison("!="),
        ["ne"] = Comparison("!="),
        ["<"] = Comparison("<"),
        ["lt"] = Comparison("<"),
        ["lessthan"] = Comparison("<"),
        ["<="] = Comparison("<="),
        ["le"] = Comparison("<="),
        [">"] = Comparison(">"),
        ["gt"] = Comparison(">"),
        ["greaterthan"] = Comparison(">"),
        [">="] = Comparison(">="),
        ["ge"] = Comparison(">="),
    }.ToFrozenDictionary();

    public static Func<Value, Arguments, bool>? Find(string name) => ByName.GetValueOrDefault(name);

    public static Func<Value, Arguments, bool> Require(string name) => Find(name) ?? throw new TemplateFault($"there is no test '{name}'");

    private static Func<Value, Arguments, bool> Comparison(string name) =>
        (value, arguments) => Operators.Compare(name, value, arguments.Require(0, "other"));

    private static long Modulo(Value value, long divisor) => Operators.Apply("%", value, Value.From(divisor)) is NumericValue result and not FloatValue
        ? result.AsInteger()
        : throw new TemplateFault($"an integer is expected, found {value.TypeName}");

    // Small values are shared objects in Python.
    private static bool SameAs(Value value, Value other) =>
        ReferenceEquals(value, other) || (value is IntegerValue or StringValue && value.GetType() == other.GetType() && value.Equals(other));
}
