using System.Collections.Immutable;

namespace LoraBridge.Formats;

/// <summary>
/// An open GGUF file. The header is read and checked whole when the file is opened, so that a file that opens can be handed
/// to ggml; tensor data are read on demand, from any number of threads at once.
/// </summary>
public sealed class GgufFile : IDisposable
{
    private readonly ByteSource _source;
    private readonly Dictionary<string, GgufTensorInfo> _byName;
    private bool _disposed;

    private GgufFile(ByteSource source)
    {
        var header = GgufHeader.Read(source);
        _source = source;
        Version = header.Version;
        Metadata = header.Metadata;
        Tensors = header.Tensors;
        _byName = Tensors.ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);
    }

    /// <summary>The path as it was given, or the name of the memory.</summary>
    public string Path => _source.Name;

    /// <summary>The version of the format: 2 or 3.</summary>
    public int Version { get; }

    /// <summary>The alignment of tensor data in bytes.</summary>
    public int Alignment => Metadata.Alignment;

    /// <summary>The key-value pairs.</summary>
    public GgufMetadata Metadata { get; }

    /// <summary>The tensors in file order.</summary>
    public ImmutableArray<GgufTensorInfo> Tensors { get; }

    /// <summary>Bytes of the file.</summary>
    public long Length => _source.Length;

    /// <summary>Opens a little-endian file of version 2 or 3.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is not valid GGUF.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be read, or is a folder.</exception>
    public static GgufFile Open(string path) => Open(ByteSource.OpenFile(path));

    /// <summary>Opens a file that lies in memory.</summary>
    /// <param name="bytes">The whole file; it must not change while it is open.</param>
    /// <param name="name">How error messages refer to it.</param>
    /// <exception cref="InvalidDataException">The bytes are not valid GGUF.</exception>
    public static GgufFile Open(ReadOnlyMemory<byte> bytes, string name)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        return Open(new ByteSource.Memory(name, bytes));
    }

    /// <summary>Finds a tensor by its name, or returns null.</summary>
    public GgufTensorInfo? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>Fills the span with bytes of a tensor.</summary>
    /// <param name="tensor">A tensor of this file.</param>
    /// <param name="destination">Its whole length is filled.</param>
    /// <param name="offset">The first byte to read, from the start of the tensor's data.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range leaves the tensor.</exception>
    /// <exception cref="EndOfStreamException">The file was shortened after it was opened.</exception>
    public void Read(GgufTensorInfo tensor, Span<byte> destination, long offset = 0)
    {
        CheckOwn(tensor);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, tensor.ByteLength - destination.Length);
        _source.ReadExactly(destination, tensor.Offset + offset);
    }

    /// <summary>Reads the whole data of a tensor.</summary>
    /// <exception cref="InvalidOperationException">The tensor is larger than an array can be; read it in parts.</exception>
    /// <exception cref="EndOfStreamException">The file was shortened after it was opened.</exception>
    public byte[] ReadAll(GgufTensorInfo tensor)
    {
        CheckOwn(tensor);
        if (tensor.ByteLength > Array.MaxLength)
            throw new InvalidOperationException($"Tensor '{tensor.Name}' has {tensor.ByteLength} bytes, more than an array holds.");
        var bytes = GC.AllocateUninitializedArray<byte>((int)tensor.ByteLength);
        Read(tensor, bytes);
        return bytes;
    }

    /// <summary>Opens the data of a tensor as a seekable, read-only stream of its own position.</summary>
    public Stream OpenRead(GgufTensorInfo tensor)
    {
        CheckOwn(tensor);
        return new SectionStream(_source, tensor.Offset, tensor.ByteLength);
    }

    /// <summary>Closes the file. Streams opened on it stop working.</summary>
    public void Dispose()
    {
        _disposed = true;
        _source.Dispose();
    }

    private static GgufFile Open(ByteSource source)
    {
        try
        {
            return new GgufFile(source);
        }
        catch
        {
            source.Dispose();
            throw;
        }
    }

    private void CheckOwn(GgufTensorInfo tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (!ReferenceEquals(Find(tensor.Name), tensor))
            throw new ArgumentException($"Tensor '{tensor.Name}' is not of the file {Path}.", nameof(tensor));
    }
}
