using System.Numerics;

namespace LoraBridge.TextGeneration.Jinja;

/// <summary>A value of the template language. Equality and truth follow Python, which Jinja inherits.</summary>
internal abstract class Value
{
    /// <summary>The Python name of the type, for messages.</summary>
    public abstract string TypeName { get; }

    public abstract bool IsTrue { get; }

    public static Value From(bool value) => value ? BooleanValue.True : BooleanValue.False;

    public static Value From(string? value) => value is null ? NoneValue.Instance : new StringValue(value);

    public static Value From(TracedText value) => new StringValue(value);

    public static Value From(long value) => new IntegerValue(value);

    /// <summary>What <c>{{ value }}</c> writes.</summary>
    public TracedText Display() => PythonText.Display(this);

    /// <inheritdoc cref="Display"/>
    public override string ToString() => Display().Text;
}

/// <summary>A missing variable, attribute or item: prints as nothing, is false, iterates as empty, and fails on further access.</summary>
internal sealed class UndefinedValue(string name, string? reason = null) : Value
{
    /// <summary>What is wrong with it, for messages.</summary>
    public string Reason => reason ?? $"'{name}' is undefined";

    /// <summary>Whether it exists but may not be used, so that even printing it fails.</summary>
    public bool IsForbidden => reason is not null;

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
        (FloatValue, _) or (_, FloatValue) => AsDouble == other.AsDouble,
        _ => Whole == other.Whole,
    };

    public override int GetHashCode() => AsDouble.GetHashCode();

    /// <summary>The value of a boolean or an integer, however large.</summary>
    public virtual BigInteger Whole => AsInteger();

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

/// <summary>An integer beyond 64 bits, as JSON may hold: it can be compared and printed.</summary>
internal sealed class BigIntegerValue(BigInteger number) : NumericValue
{
    public override string TypeName => "integer";

    public override bool IsTrue => true;

    public override double AsDouble => (double)number;

    public override BigInteger Whole => number;

    public override long AsInteger() => throw new TemplateFault($"{number} does not fit 64 bits");
}

internal sealed class FloatValue(double number) : NumericValue
{
    public override string TypeName => "float";

    public override bool IsTrue => number != 0;

    public override double AsDouble => number;
}

/// <summary>A string.</summary>
/// <param name="traced">Its text.</param>
/// <param name="isSafe">Whether it is Python's <c>Markup</c>: what the <c>safe</c> filter makes, which escapes what is added to it.</param>
internal sealed class StringValue(TracedText traced, bool isSafe = false) : Value
{
    public TracedText Traced => traced;

    public string Text => traced.Text;

    public bool IsSafe => isSafe;

    public override string TypeName => "string";

    public override bool IsTrue => traced.Length > 0;

    public override bool Equals(object? obj) => obj is StringValue other && other.Text == Text;

    public override int GetHashCode() => Text.GetHashCode(StringComparison.Ordinal);
}

/// <summary>What Python calculates lazily and gives out once, such as the result of <c>map</c>: true even where it has no items.</summary>
internal sealed class GeneratorValue(IEnumerable<Value> items) : Value
{
    private IEnumerator<Value>? _items = items.GetEnumerator();

    public override string TypeName => "generator";

    public override bool IsTrue => true;

    /// <summary>The next item; null after the last.</summary>
    public Value? Next()
    {
        if (_items?.MoveNext() == true)
            return _items.Current;
        _items?.Dispose();
        _items = null;
        return null;
    }

    /// <summary>What is left of the items.</summary>
    public List<Value> Rest()
    {
        List<Value> rest = [];
        while (Next() is { } item)
        {
            rest.Add(item);
            JinjaLimits.Default.CheckItems(rest.Count);
        }
        return rest;
    }
}
