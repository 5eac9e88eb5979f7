using System.Diagnostics.CodeAnalysis;

namespace LoraBridge.Formats;

/// <content>
/// Typed getters. <c>Get</c> requires the key; <c>TryGet</c> returns false when it is missing. Both throw when the
/// value has another type, because a file that lies about its types is not to be guessed at.
/// </content>
public sealed partial class GgufMetadata
{
    private delegate bool Converter<T>(GgufValue value, out T result);

    /// <summary>Reads a string.</summary>
    /// <exception cref="InvalidDataException">The key is missing or its value is no string.</exception>
    public string GetString(string key) => Get<string>(key, "String", (value, out result) => value.TryGetString(out result));

    /// <summary>Reads a string if the key is present.</summary>
    /// <exception cref="InvalidDataException">The value is no string.</exception>
    public bool TryGetString(string key, [MaybeNullWhen(false)] out string text) =>
        TryGet(key, "String", (value, out result) => value.TryGetString(out result), out text);

    /// <summary>Reads an integer of any width.</summary>
    /// <exception cref="InvalidDataException">The key is missing or its value is no integer that fits.</exception>
    public long GetInt64(string key) => Get<long>(key, "Int64", (value, out result) => value.TryGetInt64(out result));

    /// <summary>Reads an integer of any width if the key is present.</summary>
    /// <exception cref="InvalidDataException">The value is no integer that fits.</exception>
    public bool TryGetInt64(string key, out long number) =>
        TryGet(key, "Int64", (value, out result) => value.TryGetInt64(out result), out number);

    /// <summary>Reads an integer of any width that is not negative.</summary>
    /// <exception cref="InvalidDataException">The key is missing or its value is no integer that fits.</exception>
    public ulong GetUInt64(string key) => Get<ulong>(key, "UInt64", (value, out result) => value.TryGetUInt64(out result));

    /// <summary>Reads an integer of any width that fits 32 bits.</summary>
    /// <exception cref="InvalidDataException">The key is missing or its value is no integer that fits.</exception>
    public int GetInt32(string key) => Get<int>(key, "Int32", ToInt32);

    /// <summary>Reads an integer of any width that fits 32 bits if the key is present.</summary>
    /// <exception cref="InvalidDataException">The value is no integer that fits.</exception>
    public bool TryGetInt32(string key, out int number) => TryGet(key, "Int32", ToInt32, out number);

    /// <summary>Reads an integer of any width that fits 32 bits and is not negative.</summary>
    /// <exception cref="InvalidDataException">The key is missing or its value is no integer that fits.</exception>
    public uint GetUInt32(string key) => Get<uint>(key, "UInt32", ToUInt32);

    /// <summary>Reads an integer of any width that fits 32 bits and is not negative, if the key is present.</summary>
    /// <exception cref="InvalidDataException">The value is no integer that fits.</exception>
    public bool TryGetUInt32(string key, out uint number) => TryGet(key, "UInt32", ToUInt32, out number);

    /// <summary>Reads a float; a 64-bit one is rounded.</summary>
    /// <exception cref="InvalidDataException">The key is missing or its value is no float.</exception>
    public float GetFloat32(string key) => Get<float>(key, "Float32", ToFloat32);

    /// <summary>Reads a float if the key is present; a 64-bit one is rounded.</summary>
    /// <exception cref="InvalidDataException">The value is no float.</exception>
    public bool TryGetFloat32(string key, out float number) => TryGet(key, "Float32", ToFloat32, out number);

    /// <summary>Reads a bool.</summary>
    /// <exception cref="InvalidDataException">The key is missing or its value is no bool.</exception>
    public bool GetBool(string key) => Get<bool>(key, "Bool", (value, out result) => value.TryGetBool(out result));

    /// <summary>Reads a bool if the key is present.</summary>
    /// <exception cref="InvalidDataException">The value is no bool.</exception>
    public bool TryGetBool(string key, out bool flag) =>
        TryGet(key, "Bool", (value, out result) => value.TryGetBool(out result), out flag);

    /// <summary>Reads an array of strings, which stays encoded.</summary>
    /// <exception cref="InvalidDataException">The key is missing or its value is no array of strings.</exception>
    public GgufStringArray GetStringArray(string key) =>
        Get<GgufStringArray>(key, "Array of String", (value, out result) => value.TryGetStrings(out result));

    /// <summary>Reads an array of strings if the key is present.</summary>
    /// <exception cref="InvalidDataException">The value is no array of strings.</exception>
    public bool TryGetStringArray(string key, [MaybeNullWhen(false)] out GgufStringArray strings) =>
        TryGet(key, "Array of String", (value, out result) => value.TryGetStrings(out result), out strings);

    /// <summary>Reads an array of integers of any width.</summary>
    /// <exception cref="InvalidDataException">The key is missing or its value is no array of integers that fit.</exception>
    public long[] GetInt64Array(string key) =>
        Get<long[]>(key, "Array of integers", (value, out result) => value.TryGetInt64Array(out result));

    /// <summary>Reads an array of integers of any width if the key is present.</summary>
    /// <exception cref="InvalidDataException">The value is no array of integers that fit.</exception>
    public bool TryGetInt64Array(string key, [MaybeNullWhen(false)] out long[] numbers) =>
        TryGet(key, "Array of integers", (value, out result) => value.TryGetInt64Array(out result), out numbers);

    /// <summary>Reads an array of 32-bit floats.</summary>
    /// <exception cref="InvalidDataException">The key is missing or its value is no array of 32-bit floats.</exception>
    public float[] GetFloat32Array(string key) => Get<float[]>(key, "Array of Float32", ToFloat32Array);

    /// <summary>Reads an array of 32-bit floats if the key is present.</summary>
    /// <exception cref="InvalidDataException">The value is no array of 32-bit floats.</exception>
    public bool TryGetFloat32Array(string key, [MaybeNullWhen(false)] out float[] numbers) =>
        TryGet(key, "Array of Float32", ToFloat32Array, out numbers);

    private T Get<T>(string key, string expected, Converter<T> convert) =>
        convert(this[key], out var result) ? result : throw WrongType(key, expected);

    private bool TryGet<T>(string key, string expected, Converter<T> convert, [MaybeNullWhen(false)] out T result)
    {
        result = default;
        if (!TryGet(key, out var value))
            return false;
        return convert(value, out result) ? true : throw WrongType(key, expected);
    }

    private InvalidDataException WrongType(string key, string expected)
    {
        var value = _values[key];
        var found = GgufValueTypes.IsInteger(value.Type) ? $"{value.TypeName} {value}" : value.TypeName;
        return FormatFault.In(_source, $"metadata key '{key}' has type {found}, expected {expected}");
    }

    private static bool ToInt32(GgufValue value, out int result)
    {
        var fits = value.TryGetInt64(out var wide) && wide is >= int.MinValue and <= int.MaxValue;
        result = fits ? (int)wide : 0;
        return fits;
    }

    private static bool ToUInt32(GgufValue value, out uint result)
    {
        var fits = value.TryGetInt64(out var wide) && wide is >= 0 and <= uint.MaxValue;
        result = fits ? (uint)wide : 0;
        return fits;
    }

    private static bool ToFloat32(GgufValue value, out float result)
    {
        var found = value.TryGetFloat64(out var wide);
        result = (float)wide;
        return found;
    }

    private static bool ToFloat32Array(GgufValue value, out float[] result)
    {
        var found = value.TryGetArray<float>(out var span);
        result = found ? span.ToArray() : [];
        return found;
    }
}
