namespace LoraBridge.TextGeneration.Jinja;

/// <summary>A value of the template language. Equality and truth follow Python, which Jinja inherits.</summary>
internal abstract class Value
{
    /// <summary>The Python name of the type, for messages.</summary>
    public abstract string TypeName { get; }

    public abstract bool IsTrue { get; }

    public static Value From(bool value) => value ? BooleanValue.True : BooleanValue.False;

    public static Value From(string? value) => value is null ? NoneValue.Instance : new StringValue(value);

    public static Value From(long value) => new IntegerValue(value);

    /// <summary>What <c>{{ value }}</c> writes.</summary>
    public override string ToString() => PythonText.Display(this);
}

/// <summary>A missing variable, attribute or item: prints as nothing, is false, iterates as empty, and fails on further access.</summary>
internal sealed class UndefinedValue(string name) : Value
{
    public string Name => name;

    public override string TypeName => "undefined";

    public override bool IsTrue => false;

    public override bool Equals(object? obj) => obj is UndefinedValue;

    public override int GetHashCode() => 0;
}

internal sealed class NoneValue : Value
{
    private NoneValue()
    {
    }

    public static NoneValue Instance { get; } = new();

    public override string TypeName => "none";

    public override bool IsTrue => false;
}

/// <summary>Booleans, integers and floats: they compare and calculate with one another, as in Python.</summary>
internal abstract class NumericValue : Value
{
    public abstract double AsDouble { get; }

    public override bool Equals(object? obj) => obj is NumericValue other && (this, other) switch
    {
        (FloatValue, _) or (_, FloatValue) => AsDouble.Equals(other.AsDouble),
        _ => AsInteger() == other.AsInteger(),
    };

    public override int GetHashCode() => AsDouble.GetHashCode();

    /// <summary>The value of a boolean or an integer.</summary>
    public virtual long AsInteger() => throw new TemplateFault($"an integer is expected, found {TypeName}");
}

internal sealed class BooleanValue : NumericValue
{
    private readonly bool _value;

    private BooleanValue(bool value) => _value = value;

    public static BooleanValue True { get; } = new(true);

    public static BooleanValue False { get; } = new(false);

    public override string TypeName => "boolean";

    public override bool IsTrue => _value;

    public override double AsDouble => _value ? 1 : 0;

    public override long AsInteger() => _value ? 1 : 0;
}

internal sealed class IntegerValue(long number) : NumericValue
{
    public override string TypeName => "integer";

    public override bool IsTrue => number != 0;

    public override double AsDouble => number;

    public override long AsInteger() => number;
}

internal sealed class FloatValue(double number) : NumericValue
{
    public override string TypeName => "float";

    public override bool IsTrue => number != 0;

    public override double AsDouble => number;
}

internal sealed class StringValue(string text) : Value
{
    public string Text => text;

    public override string TypeName => "string";

    public override bool IsTrue => text.Length > 0;

    public override bool Equals(object? obj) => obj is StringValue other && other.Text == text;

    public override int GetHashCode() => text.GetHashCode(StringComparison.Ordinal);
}
