using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text;
using System.Text.Json;

namespace LoraBridge.Formats;

/// <summary>Reads and checks the header of a safetensors file: its length in eight bytes, then a JSON object.</summary>
internal sealed class SafetensorsHeader
{
    public const string MetadataName = "__metadata__";

    // The limit of the reference implementation.
    private const long MaximumBytes = 100_000_000;
    private const int LengthBytes = sizeof(ulong);

    private readonly ByteSource _source;
    private readonly List<Entry> _entries = [];
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, string> _metadata = new(StringComparer.Ordinal);

    private SafetensorsHeader(ByteSource source) => _source = source;

    public ImmutableArray<SafetensorsTensorInfo> Tensors { get; private set; }

    public IReadOnlyDictionary<string, string> Metadata => _metadata;

    public static SafetensorsHeader Read(ByteSource source)
    {
        var header = new SafetensorsHeader(source);
        var json = header.ReadJson();
        try
        {
            var reader = new Utf8JsonReader(json);
            header.ReadObject(ref reader);
        }
        catch (JsonException exception)
        {
            throw FormatFault.In(source.Name, $"the header is not valid JSON: {exception.Message}", exception);
        }
        catch (InvalidOperationException exception)
        {
            // The JSON reader's answer to a string that is not valid UTF-16 once its escapes are resolved.
            throw FormatFault.In(source.Name, "the header has a string that is not valid text", exception);
        }

        header.Place(LengthBytes + json.Length);
        return header;
    }

    private byte[] ReadJson()
    {
        if (_source.Length < LengthBytes)
            throw FormatFault.In(_source.Name, 0, $"the file has {_source.Length} bytes, expected at least {LengthBytes}");
        var lengthBytes = new byte[LengthBytes];
        _source.ReadExactly(lengthBytes, 0);
        var length = BinaryPrimitives.ReadUInt64LittleEndian(lengthBytes);
        var limit = Math.Min(MaximumBytes, _source.Length - LengthBytes);
        if (length > (ulong)limit)
            throw FormatFault.In(_source.Name, 0, $"the header has {length} bytes, expected at most {limit}");
        var json = new byte[length];
        _source.ReadExactly(json, LengthBytes);
        return json;
    }

    private void ReadObject(ref Utf8JsonReader reader)
    {
        reader.Read();
        Expect(ref reader, JsonTokenType.StartObject, "the header");
        while (NextName(ref reader) is { } name)
        {
            if (!_names.Add(name))
                throw Fault(ref reader, $"'{name}' occurs twice");
            reader.Read();
            if (name == MetadataName)
                ReadMetadata(ref reader);
            else
                ReadTensor(ref reader, name);
        }

        // Spaces may follow; anything else throws.
        reader.Read();
    }

    private void ReadMetadata(ref Utf8JsonReader reader)
    {
        Expect(ref reader, JsonTokenType.StartObject, MetadataName);
        while (NextName(ref reader) is { } key)
        {
            reader.Read();
            Expect(ref reader, JsonTokenType.String, $"metadata '{key}'");
            if (!_metadata.TryAdd(key, reader.GetString()!))
                throw Fault(ref reader, $"metadata '{key}' occurs twice");
        }
    }

    private void ReadTensor(ref Utf8JsonReader reader, string name)
    {
        Expect(ref reader, JsonTokenType.StartObject, $"tensor '{name}'");
        SafetensorsType? type = null;
        long[]? shape = null;
        long[]? range = null;
        while (NextName(ref reader) is { } field)
        {
            reader.Read();
            switch (field)
            {
                case "dtype" when type is null: type = ReadType(ref reader, name); break;
                case "shape" when shape is null: shape = ReadNumbers(ref reader, $"the shape of tensor '{name}'"); break;
                case "data_offsets" when range is null: range = ReadNumbers(ref reader, $"the offsets of tensor '{name}'"); break;
                default: throw Fault(ref reader, $"tensor '{name}' has an unknown or repeated field '{field}'");
            }
        }

        if (type is null || shape is null || range is not [var begin, var end] || begin > end)
            throw Fault(ref reader, $"tensor '{name}' needs dtype, shape and two ascending data_offsets");
        if (SafetensorsTensorInfo.ByteLengthOf(type.Value, shape) is not { } byteLength || byteLength != end - begin)
        {
            throw Fault(
                ref reader,
                $"tensor '{name}' of type {type.Value.Name()} and shape [{string.Join(", ", shape)}] has {end - begin} bytes of data");
        }

        _entries.Add(new Entry(name, type.Value, [.. shape], begin, end));
    }

    private SafetensorsType ReadType(ref Utf8JsonReader reader, string name)
    {
        Expect(ref reader, JsonTokenType.String, $"the type of tensor '{name}'");
        var text = reader.GetString();
        return SafetensorsTypeInfo.TryParse(text, out var type)
            ? type
            : throw Fault(ref reader, $"tensor '{name}' has type '{text}', which is not supported");
    }

    private long[] ReadNumbers(ref Utf8JsonReader reader, string what)
    {
        Expect(ref reader, JsonTokenType.StartArray, what);
        var numbers = new List<long>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            Expect(ref reader, JsonTokenType.Number, what);
            if (!reader.TryGetInt64(out var number) || number < 0)
                throw Fault(ref reader, $"{what} have a value that is no integer from 0 to 2^63 - 1");
            numbers.Add(number);
        }

        return [.. numbers];
    }

    /// <summary>Checks that the data cover the rest of the file without overlap or gap, as the format demands.</summary>
    private void Place(long dataStart)
    {
        var tensors = ImmutableArray.CreateBuilder<SafetensorsTensorInfo>(_entries.Count);
        var available = _source.Length - dataStart;
        var next = 0L;
        foreach (var entry in _entries.OrderBy(entry => entry.Begin).ThenBy(entry => entry.End))
        {
            if (entry.Begin != next)
                throw FormatFault.In(_source.Name, $"the data of tensor '{entry.Name}' begin at offset {entry.Begin}, expected {next}");
            if (entry.End > available)
            {
                throw FormatFault.In(
                    _source.Name,
                    $"the data of tensor '{entry.Name}' end at offset {entry.End}, but the file has {available} bytes of data");
            }

            tensors.Add(new SafetensorsTensorInfo(entry.Name, entry.Type, entry.Shape, dataStart + next, entry.End - next));
            next = entry.End;
        }

        if (next != available)
            throw FormatFault.In(_source.Name, $"the tensors have {next} bytes of data, but the file has {available}");
        Tensors = tensors.MoveToImmutable();
    }

    private string? NextName(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.EndObject)
            return null;
        Expect(ref reader, JsonTokenType.PropertyName, "the header");
        return reader.GetString()!;
    }

    private void Expect(ref Utf8JsonReader reader, JsonTokenType expected, string what)
    {
        if (reader.TokenType != expected)
            throw Fault(ref reader, $"{what} has a {reader.TokenType}, expected a {expected}");
    }

    private InvalidDataException Fault(ref Utf8JsonReader reader, string problem) =>
        FormatFault.In(_source.Name, LengthBytes + reader.TokenStartIndex, problem);

    private readonly record struct Entry(string Name, SafetensorsType Type, ImmutableArray<long> Shape, long Begin, long End);
}
