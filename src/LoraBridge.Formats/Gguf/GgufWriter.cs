using System.Collections.Immutable;

namespace LoraBridge.Formats;

/// <summary>
/// Builds a GGUF file of version 3. Tensor data are asked for one tensor at a time while the file is written, so that a model
/// need not fit in memory. The same metadata, tensors and data give the same bytes, which are those ggml would write.
/// </summary>
public sealed partial class GgufWriter
{
    private readonly List<Entry> _tensors = [];
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);

    /// <summary>Creates a writer without metadata.</summary>
    public GgufWriter()
        : this(new GgufMetadata())
    {
    }

    /// <summary>Creates a writer with a copy of some metadata.</summary>
    public GgufWriter(GgufMetadata metadata)
    {
        ArgumentNullException.ThrowIfNull(metadata);
        Metadata = metadata.Clone();
    }

    /// <summary>The metadata that will be written, in this order; <c>general.alignment</c> sets the alignment.</summary>
    public GgufMetadata Metadata { get; }

    /// <summary>Number of tensors added.</summary>
    public int TensorCount => _tensors.Count;

    /// <summary>Bytes the file will have.</summary>
    public long FileLength => FileLengthOf(GgufHeaderWriter.Write(Metadata, _tensors), Metadata.Alignment, _tensors);

    /// <summary>Adds a tensor whose data are written when the file is.</summary>
    /// <param name="name">At most 63 bytes, unique.</param>
    /// <param name="type">The element type of the data.</param>
    /// <param name="shape">One to four dimensions in ggml order; the first is a multiple of the type's block size.</param>
    /// <param name="write">Writes exactly the bytes of the tensor, row after row; called once for each time the file is written.</param>
    /// <exception cref="ArgumentException">The name, type or shape is not one a GGUF file can have, or the name is taken.</exception>
    public void AddTensor(string name, GgmlType type, ReadOnlySpan<long> shape, Action<Stream> write)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(write);
        if (GgufTensorRules.DescribeNameFault(name) is { } nameFault)
            throw new ArgumentException(nameFault, nameof(name));
        if (GgufTensorRules.DescribeShapeFault(name, type, shape, out var byteLength) is { } shapeFault)
            throw new ArgumentException(shapeFault, nameof(shape));
        if (!_names.Add(name))
            throw new ArgumentException($"Tensor '{name}' is added twice.", nameof(name));
        _tensors.Add(new Entry(name, type, [.. shape], byteLength, write));
    }

    /// <summary>Adds a tensor whose data are in memory.</summary>
    /// <param name="name">At most 63 bytes, unique.</param>
    /// <param name="type">The element type of the data.</param>
    /// <param name="shape">One to four dimensions in ggml order; the first is a multiple of the type's block size.</param>
    /// <param name="data">Exactly the bytes of the tensor; they must not change until the file is written.</param>
    /// <exception cref="ArgumentException">
    /// The name, type or shape is not one a GGUF file can have, the name is taken, or the data have another length.
    /// </exception>
    public void AddTensor(string name, GgmlType type, ReadOnlySpan<long> shape, ReadOnlyMemory<byte> data)
    {
        if (GgufTensorRules.DescribeShapeFault(name, type, shape, out var byteLength) is null && byteLength != data.Length)
            throw new ArgumentException($"Tensor '{name}' has {data.Length} bytes of data, expected {byteLength}.", nameof(data));
        AddTensor(name, type, shape, stream => stream.Write(data.Span));
    }

    /// <summary>Adds a tensor of an open file unchanged; the file must stay open until this one is written.</summary>
    /// <exception cref="ArgumentException">The name is taken.</exception>
    public void AddTensor(GgufFile source, GgufTensorInfo tensor)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(tensor);
        AddTensor(tensor.Name, tensor.Type, tensor.Shape.AsSpan(), stream =>
        {
            using var data = source.OpenRead(tensor);
            data.CopyTo(stream, 1 << 20);
        });
    }

    /// <summary>Writes the file to a stream, which need not seek.</summary>
    /// <param name="stream">Where to write; it stays open.</param>
    /// <param name="progress">Receives the number of bytes written so far.</param>
    /// <param name="cancellationToken">Stops between two writes.</param>
    /// <exception cref="InvalidOperationException">A tensor's data have not the length its shape says.</exception>
    public void WriteTo(Stream stream, IProgress<long>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(stream);
        WritePart(stream, GgufHeaderWriter.Write(Metadata, _tensors), _tensors, new Counter(progress), cancellationToken);
    }

    /// <summary>Saves the file: it appears whole, or not at all.</summary>
    /// <param name="path">Where to save; the folder must exist.</param>
    /// <param name="overwrite">Whether an existing file is replaced.</param>
    /// <param name="progress">Receives the number of bytes written so far.</param>
    /// <param name="cancellationToken">Stops between two writes; nothing is left behind.</param>
    /// <exception cref="IOException">The file exists and may not be replaced, or the disk has too little space.</exception>
    /// <exception cref="InvalidOperationException">A tensor's data have not the length its shape says.</exception>
    public void Save(
        string path, bool overwrite = false, IProgress<long>? progress = null, CancellationToken cancellationToken = default)
    {
        var header = GgufHeaderWriter.Write(Metadata, _tensors);
        using var file = AtomicFile.Create(path, overwrite, FileLengthOf(header, Metadata.Alignment, _tensors));
        WritePart(file.Stream, header, _tensors, new Counter(progress), cancellationToken);
        file.Commit();
    }

    private void WritePart(
        Stream stream, byte[] header, IReadOnlyList<Entry> tensors, Counter counter, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        stream.Write(header);
        counter.Add(header.Length);
        foreach (var tensor in tensors)
        {
            using var data = new TensorDataStream(stream, tensor.Name, tensor.ByteLength, counter.Add, cancellationToken);
            tensor.Write(data);
            data.Complete();
            var padding = GgufTensorRules.Align(tensor.ByteLength, Metadata.Alignment) - tensor.ByteLength;
            stream.Write(new byte[padding]);
            counter.Add(padding);
        }
    }

    private static long FileLengthOf(byte[] header, int alignment, IReadOnlyList<Entry> tensors) =>
        header.Length + tensors.Sum(tensor => GgufTensorRules.Align(tensor.ByteLength, alignment));

    internal sealed record Entry(string Name, GgmlType Type, ImmutableArray<long> Shape, long ByteLength, Action<Stream> Write);

    private sealed class Counter(IProgress<long>? progress)
    {
        private long _total;

        public void Add(long bytes)
        {
            _total += bytes;
            progress?.Report(_total);
        }
    }
}
