using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace LoraBridge.Formats;

/// <summary>
/// Builds a safetensors file. As the reference implementation does, tensors are ordered by type, widest first, and then by
/// name, so that the same content gives the same bytes in whatever order it was added.
/// </summary>
public sealed class SafetensorsWriter
{
    private readonly SortedDictionary<string, Entry> _tensors = new(StringComparer.Ordinal);

    /// <summary>Free text pairs that go into <c>__metadata__</c>, in the order of their keys.</summary>
    public IDictionary<string, string> Metadata { get; } = new SortedDictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Adds a tensor whose data are written when the file is.</summary>
    /// <param name="name">Unique; <c>__metadata__</c> is taken by the format.</param>
    /// <param name="type">The element type of the data.</param>
    /// <param name="shape">The dimensions in the order of PyTorch; none for a scalar.</param>
    /// <param name="write">Writes exactly the bytes of the tensor; called once for each time the file is written.</param>
    /// <exception cref="ArgumentException">The name is taken or empty, or the shape has no size.</exception>
    public void AddTensor(string name, SafetensorsType type, ReadOnlySpan<long> shape, Action<Stream> write)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(write);
        if (SafetensorsTensorInfo.ByteLengthOf(type, shape) is not { } byteLength)
            throw new ArgumentException($"Tensor '{name}' has shape [{string.Join(", ", shape.ToArray())}].", nameof(shape));
        if (name == SafetensorsHeader.MetadataName || !_tensors.TryAdd(name, new Entry(type, [.. shape], byteLength, write)))
            throw new ArgumentException($"The name '{name}' is taken.", nameof(name));
    }

    /// <summary>Adds a tensor whose data are in memory.</summary>
    /// <param name="name">Unique; <c>__metadata__</c> is taken by the format.</param>
    /// <param name="type">The element type of the data.</param>
    /// <param name="shape">The dimensions in the order of PyTorch; none for a scalar.</param>
    /// <param name="data">Exactly the bytes of the tensor; they must not change until the file is written.</param>
    /// <exception cref="ArgumentException">The name is taken or empty, or the data do not fit the shape.</exception>
    public void AddTensor(string name, SafetensorsType type, ReadOnlySpan<long> shape, ReadOnlyMemory<byte> data)
    {
        if (SafetensorsTensorInfo.ByteLengthOf(type, shape) is { } byteLength && byteLength != data.Length)
            throw new ArgumentException($"Tensor '{name}' has {data.Length} bytes of data, expected {byteLength}.", nameof(data));
        AddTensor(name, type, shape, stream => stream.Write(data.Span));
    }

    /// <summary>Writes the file to a stream, which need not seek.</summary>
    /// <param name="stream">Where to write; it stays open.</param>
    /// <param name="progress">Receives the number of bytes of tensor data written so far.</param>
    /// <param name="cancellationToken">Stops between two writes.</param>
    /// <exception cref="InvalidOperationException">A tensor's data have not the length its shape says.</exception>
    public void WriteTo(Stream stream, IProgress<long>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(stream);
        Write(stream, Header(), progress, cancellationToken);
    }

    /// <summary>Saves the file: it appears whole, or not at all.</summary>
    /// <param name="path">Where to save; the folder must exist.</param>
    /// <param name="overwrite">Whether an existing file is replaced.</param>
    /// <param name="progress">Receives the number of bytes of tensor data written so far.</param>
    /// <param name="cancellationToken">Stops between two writes; nothing is left behind.</param>
    /// <exception cref="IOException">The file exists and may not be replaced, or the disk has too little space.</exception>
    /// <exception cref="InvalidOperationException">A tensor's data have not the length its shape says.</exception>
    public void Save(
        string path, bool overwrite = false, IProgress<long>? progress = null, CancellationToken cancellationToken = default)
    {
        var header = Header();
        var length = header.Length + _tensors.Values.Sum(tensor => tensor.ByteLength);
        AtomicFile.Write(path, overwrite, stream => Write(stream, header, progress, cancellationToken), length);
    }

    private IEnumerable<KeyValuePair<string, Entry>> InFileOrder() =>
        _tensors.OrderByDescending(tensor => tensor.Value.Type).ThenBy(tensor => tensor.Key, StringComparer.Ordinal);

    private void Write(Stream stream, byte[] header, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        stream.Write(header);
        var written = 0L;
        foreach (var (name, tensor) in InFileOrder())
        {
            using var data = new TensorDataStream(
                stream, name, tensor.ByteLength, count => progress?.Report(written += count), cancellationToken);
            tensor.Write(data);
            data.Complete();
        }
    }

    private byte[] Header()
    {
        using var bytes = new MemoryStream();
        bytes.Write(new byte[sizeof(ulong)]);
        using (var json = new Utf8JsonWriter(bytes, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
            WriteJson(json);

        // Spaces bring the data to a multiple of eight bytes, the widest type.
        while (bytes.Length % sizeof(ulong) != 0)
            bytes.WriteByte((byte)' ');
        var header = bytes.ToArray();
        BinaryPrimitives.WriteInt64LittleEndian(header, header.Length - sizeof(ulong));
        return header;
    }

    private void WriteJson(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        if (Metadata.Count > 0)
        {
            json.WriteStartObject(SafetensorsHeader.MetadataName);
            foreach (var (key, value) in Metadata)
                json.WriteString(key, value);
            json.WriteEndObject();
        }

        var offset = 0L;
        foreach (var (name, tensor) in InFileOrder())
        {
            json.WriteStartObject(name);
            json.WriteString("dtype", tensor.Type.Name());
            json.WriteStartArray("shape");
            foreach (var dimension in tensor.Shape)
                json.WriteNumberValue(dimension);
            json.WriteEndArray();
            json.WriteStartArray("data_offsets");
            json.WriteNumberValue(offset);
            json.WriteNumberValue(offset += tensor.ByteLength);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private sealed record Entry(SafetensorsType Type, ImmutableArray<long> Shape, long ByteLength, Action<Stream> Write);
}
