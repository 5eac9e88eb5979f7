using System.Collections;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace LoraBridge.Formats;

/// <summary>
/// The key-value pairs of a GGUF file, in file order, keys unique. The typed getters accept any integer width that holds the
/// value, since writers disagree on widths; nothing else is converted.
/// </summary>
public sealed partial class GgufMetadata : IReadOnlyCollection<KeyValuePair<string, GgufValue>>
{
    /// <summary>The most bytes a key may have in UTF-8.</summary>
    public const int MaximumKeyBytes = 65535;

    /// <summary>The alignment of tensor data, in bytes, when the file does not set another.</summary>
    public const int DefaultAlignment = 32;

    internal const string AlignmentKey = "general.alignment";

    private readonly OrderedDictionary<string, GgufValue> _values = new(StringComparer.Ordinal);
    private readonly string _source;

    /// <summary>Creates metadata without any pair.</summary>
    public GgufMetadata()
        : this("GGUF metadata")
    {
    }

    internal GgufMetadata(string source) => _source = source;

    /// <summary>Number of pairs.</summary>
    public int Count => _values.Count;

    /// <summary>The keys in file order.</summary>
    public IReadOnlyList<string> Keys => _values.Keys;

    /// <summary>The value of a key; setting keeps the place of an existing key and appends a new one.</summary>
    /// <exception cref="InvalidDataException">The key is missing.</exception>
    /// <exception cref="ArgumentException">The key is empty, too long or has a NUL, or the value cannot be that key's.</exception>
    public GgufValue this[string key]
    {
        get => TryGet(key, out var value) ? value : throw FormatFault.In(_source, $"metadata key '{key}' is missing");
        set
        {
            ArgumentNullException.ThrowIfNull(value);
            CheckKey(key);
            if (key == AlignmentKey)
                CheckAlignment(value);
            _values[key] = value;
        }
    }

    /// <summary>The alignment of tensor data in bytes, a power of two: <c>general.alignment</c> or 32.</summary>
    public int Alignment => TryGetUInt32(AlignmentKey, out var alignment) ? (int)alignment : DefaultAlignment;

    /// <summary>The model architecture, <c>general.architecture</c>, or null when the file does not name one.</summary>
    public string? Architecture => TryGetString("general.architecture", out var architecture) ? architecture : null;

    /// <summary>The key of this architecture: <c>context_length</c> gives <c>llama.context_length</c>.</summary>
    /// <exception cref="InvalidDataException">The file does not name its architecture.</exception>
    public string ArchitectureKey(string suffix)
    {
        ArgumentException.ThrowIfNullOrEmpty(suffix);
        return $"{GetString("general.architecture")}.{suffix}";
    }

    /// <summary>Whether the key is present.</summary>
    public bool ContainsKey(string key) => _values.ContainsKey(key);

    /// <summary>Finds the value of a key, whatever its type.</summary>
    public bool TryGet(string key, [MaybeNullWhen(false)] out GgufValue value) => _values.TryGetValue(key, out value);

    /// <summary>Sets a key and returns this metadata, so that calls can be chained.</summary>
    /// <exception cref="ArgumentException">The key is empty, too long or has a NUL, or the value cannot be that key's.</exception>
    public GgufMetadata Set(string key, GgufValue value)
    {
        this[key] = value;
        return this;
    }

    /// <summary>Removes a key; false when it was not there.</summary>
    public bool Remove(string key) => _values.Remove(key);

    /// <summary>Copies the metadata; values are immutable and shared.</summary>
    public GgufMetadata Clone() => Where(_ => true);

    /// <summary>Copies the pairs whose key passes the filter.</summary>
    public GgufMetadata Where(Func<string, bool> filter)
    {
        ArgumentNullException.ThrowIfNull(filter);
        var copy = new GgufMetadata(_source);
        foreach (var (key, value) in _values)
        {
            if (filter(key))
                copy._values.Add(key, value);
        }

        return copy;
    }

    /// <inheritdoc/>
    public IEnumerator<KeyValuePair<string, GgufValue>> GetEnumerator() => _values.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private static void CheckKey(string key)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        if (Encoding.UTF8.GetByteCount(key) > MaximumKeyBytes)
            throw new ArgumentException($"A metadata key has at most {MaximumKeyBytes} bytes.", nameof(key));
        if (key.Contains('\0', StringComparison.Ordinal))
            throw new ArgumentException("A metadata key has no NUL character.", nameof(key));
    }

    private static void CheckAlignment(GgufValue value)
    {
        if (DescribeAlignmentFault(value) is { } fault)
            throw new ArgumentException($"Key '{AlignmentKey}' {fault}.", nameof(value));
    }

    /// <summary>What is wrong with an alignment, or null. ggml wants exactly a UInt32.</summary>
    internal static string? DescribeAlignmentFault(GgufValue value)
    {
        if (value.Type != GgufValueType.UInt32)
            return $"has type {value.TypeName}, expected {GgufValueType.UInt32}";
        value.TryGetInt64(out var alignment);
        return long.IsPow2(alignment) && alignment <= 1 << 30 ? null : $"is {alignment}, expected a power of two up to 2^30";
    }
}
