using System.Globalization;
using System.Text;

namespace LoraBridge.Formats;

/// <summary>
/// One typed metadata value. Immutable; made by the conversions from C# values, <see cref="FromArray{T}"/> or by reading a
/// file. Text and arrays keep the exact bytes of the file.
/// </summary>
public sealed class GgufValue
{
    private readonly object _payload;

    private GgufValue(GgufValueType type, object payload, GgufValueType? elementType = null)
    {
        Type = type;
        ElementType = elementType;
        _payload = payload;
    }

    /// <summary>The type of the value.</summary>
    public GgufValueType Type { get; }

    /// <summary>The type of an array's elements; null when the value is no array.</summary>
    public GgufValueType? ElementType { get; }

    /// <summary>Number of elements of an array; 1 for a single value.</summary>
    public int Count => _payload switch
    {
        GgufStringArray strings => strings.Count,
        Array array when Type == GgufValueType.Array => array.Length,
        _ => 1,
    };

    /// <summary>The type as it is named in messages: <c>UInt32</c>, <c>Array of String</c>.</summary>
    public string TypeName => ElementType is { } element ? $"Array of {element}" : Type.ToString();

    /// <summary>Makes an array value of numbers or bools. The span is copied.</summary>
    /// <typeparam name="T">An integer of 8 to 64 bits, <see cref="float"/>, <see cref="double"/> or <see cref="bool"/>.</typeparam>
    /// <exception cref="ArgumentException">GGUF has no such element type.</exception>
    public static GgufValue FromArray<T>(ReadOnlySpan<T> values)
        where T : unmanaged =>
        new(GgufValueType.Array, values.ToArray(), GgufValueTypes.Of<T>());

    internal static GgufValue FromOwnedArray<T>(T[] values)
        where T : unmanaged =>
        new(GgufValueType.Array, values, GgufValueTypes.Of<T>());

    /// <summary>Makes an array value of strings.</summary>
    public static GgufValue FromStrings(IEnumerable<string> values) => FromStrings(new GgufStringArray(values));

    /// <summary>Makes an array value of strings that are encoded already.</summary>
    public static GgufValue FromStrings(GgufStringArray values)
    {
        ArgumentNullException.ThrowIfNull(values);
        return new(GgufValueType.Array, values, GgufValueType.String);
    }

    /// <summary>Makes a string value from UTF-8 bytes, which are kept as they are.</summary>
    public static GgufValue FromUtf8(ReadOnlySpan<byte> text) => new(GgufValueType.String, text.ToArray());

    internal static GgufValue FromScalar<T>(T value)
        where T : unmanaged =>
        new(GgufValueTypes.Of<T>(), value);

    /// <summary>A <see cref="GgufValueType.UInt8"/>.</summary>
    public static implicit operator GgufValue(byte value) => FromScalar(value);

    /// <summary>An <see cref="GgufValueType.Int8"/>.</summary>
    public static implicit operator GgufValue(sbyte value) => FromScalar(value);

    /// <summary>A <see cref="GgufValueType.UInt16"/>.</summary>
    public static implicit operator GgufValue(ushort value) => FromScalar(value);

    /// <summary>An <see cref="GgufValueType.Int16"/>.</summary>
    public static implicit operator GgufValue(short value) => FromScalar(value);

    /// <summary>A <see cref="GgufValueType.UInt32"/>.</summary>
    public static implicit operator GgufValue(uint value) => FromScalar(value);

    /// <summary>An <see cref="GgufValueType.Int32"/>.</summary>
    public static implicit operator GgufValue(int value) => FromScalar(value);

    /// <summary>A <see cref="GgufValueType.UInt64"/>.</summary>
    public static implicit operator GgufValue(ulong value) => FromScalar(value);

    /// <summary>An <see cref="GgufValueType.Int64"/>.</summary>
    public static implicit operator GgufValue(long value) => FromScalar(value);

    /// <summary>A <see cref="GgufValueType.Float32"/>.</summary>
    public static implicit operator GgufValue(float value) => FromScalar(value);

    /// <summary>A <see cref="GgufValueType.Float64"/>.</summary>
    public static implicit operator GgufValue(double value) => FromScalar(value);

    /// <summary>A <see cref="GgufValueType.Bool"/>.</summary>
    public static implicit operator GgufValue(bool value) => FromScalar(value);

    /// <summary>A <see cref="GgufValueType.String"/>.</summary>
    public static implicit operator GgufValue(string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        return new(GgufValueType.String, Encoding.UTF8.GetBytes(value));
    }

    /// <summary>The value when it is an integer of any width that fits a <see cref="long"/>.</summary>
    public bool TryGetInt64(out long value)
    {
        value = 0;
        if (!GgufValueTypes.IsInteger(Type) || _payload is ulong and > long.MaxValue)
            return false;
        value = Convert.ToInt64(_payload, CultureInfo.InvariantCulture);
        return true;
    }

    /// <summary>The value when it is an integer of any width that is not negative.</summary>
    public bool TryGetUInt64(out ulong value)
    {
        value = _payload is ulong unsigned ? unsigned : 0;
        if (_payload is ulong)
            return true;
        if (!TryGetInt64(out var signed) || signed < 0)
            return false;
        value = (ulong)signed;
        return true;
    }

    /// <summary>The value when it is a float of either width.</summary>
    public bool TryGetFloat64(out double value)
    {
        value = _payload is double wide ? wide : _payload is float narrow ? narrow : 0;
        return GgufValueTypes.IsFloat(Type);
    }

    /// <summary>The value when it is a bool.</summary>
    public bool TryGetBool(out bool value)
    {
        value = _payload is true;
        return Type == GgufValueType.Bool;
    }

    /// <summary>The value when it is a string; bytes that are not UTF-8 become replacement characters.</summary>
    public bool TryGetString(out string value)
    {
        value = Type == GgufValueType.String ? Encoding.UTF8.GetString((byte[])_payload) : "";
        return Type == GgufValueType.String;
    }

    /// <summary>The bytes of a string value; empty for other types.</summary>
    public ReadOnlySpan<byte> Utf8 => Type == GgufValueType.String ? (byte[])_payload : default;

    /// <summary>The elements when the value is an array of strings.</summary>
    public bool TryGetStrings(out GgufStringArray values)
    {
        values = _payload as GgufStringArray ?? new GgufStringArray([]);
        return ElementType == GgufValueType.String;
    }

    /// <summary>The elements, without a copy, when the value is an array of exactly this element type.</summary>
    public bool TryGetArray<T>(out ReadOnlySpan<T> values)
        where T : unmanaged
    {
        // The element type is compared too: an sbyte[] passes for a byte[] in a cast.
        var found = Type == GgufValueType.Array && ElementType == GgufValueTypes.Of<T>();
        values = found ? (T[])_payload : default;
        return found;
    }

    /// <summary>The elements as 64-bit integers when the value is an array of integers of any width that fit.</summary>
    public bool TryGetInt64Array(out long[] values)
    {
        values = [];
        if (ElementType is not { } element || !GgufValueTypes.IsInteger(element) || _payload is not Array array)
            return false;
        if (array is ulong[] unsigned && ElementType == GgufValueType.UInt64 && unsigned.Any(value => value > long.MaxValue))
            return false;
        values = [.. array.Cast<object>().Select(value => Convert.ToInt64(value, CultureInfo.InvariantCulture))];
        return true;
    }

    /// <summary>The value in readable form: text as it is, arrays by their type and count.</summary>
    public override string ToString() => TryGetString(out var text)
        ? text
        : Type == GgufValueType.Array
            ? $"{TypeName}, {Count} elements"
            : Convert.ToString(_payload, CultureInfo.InvariantCulture) ?? "";

    internal object Payload => _payload;
}
