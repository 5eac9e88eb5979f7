using System.Collections.Immutable;

namespace LoraBridge.Formats;

/// <summary>Where a tensor of a file lies.</summary>
public interface ITensorLocation
{
    /// <summary>The name, unique in its file.</summary>
    string Name { get; }

    /// <summary>The first byte of the data, from the start of the file.</summary>
    long Offset { get; }

    /// <summary>Bytes of the data, without padding.</summary>
    long ByteLength { get; }
}

/// <summary>
/// An open file of named tensors. Its header is read and checked when it is opened; tensor data is read on demand, from any number of
/// threads at once.
/// </summary>
/// <typeparam name="TTensor">What the header says of a tensor.</typeparam>
public abstract class TensorFile<TTensor> : IDisposable
    where TTensor : class, ITensorLocation
{
    private readonly ByteSource _source;
    private readonly Dictionary<string, TTensor> _byName;
    private bool _disposed;

    private protected TensorFile(ByteSource source, ImmutableArray<TTensor> tensors)
    {
        _source = source;
        Tensors = tensors;
        _byName = tensors.ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);
    }

    /// <summary>The path as it was given, or the name of the memory.</summary>
    public string Path => _source.Name;

    /// <summary>The tensors in the order of the header.</summary>
    public ImmutableArray<TTensor> Tensors { get; }

    /// <summary>The length of the file in bytes.</summary>
    public long Length => _source.Length;

    /// <summary>Finds a tensor by its name, or returns null.</summary>
    public TTensor? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>Fills the span with bytes of a tensor.</summary>
    /// <param name="tensor">A tensor of this file.</param>
    /// <param name="destination">Its whole length is filled.</param>
    /// <param name="offset">The first byte to read, from the start of the tensor's data.</param>
    /// <exception cref="ArgumentException">The tensor belongs to another file.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The range leaves the tensor.</exception>
    /// <exception cref="EndOfStreamException">The file was shortened after it was opened.</exception>
    public void Read(TTensor tensor, Span<byte> destination, long offset = 0)
    {
        CheckOwn(tensor);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, tensor.ByteLength - destination.Length);
        _source.ReadExactly(destination, tensor.Offset + offset);
    }

    /// <summary>Reads the whole data of a tensor.</summary>
    /// <param name="tensor">A tensor of this file.</param>
    /// <exception cref="ArgumentException">The tensor belongs to another file.</exception>
    /// <exception cref="InvalidOperationException">The tensor is larger than an array can be; read it in parts.</exception>
    /// <exception cref="EndOfStreamException">The file was shortened after it was opened.</exception>
    public byte[] ReadAll(TTensor tensor)
    {
        CheckOwn(tensor);
        if (tensor.ByteLength > Array.MaxLength)
            throw new InvalidOperationException($"Tensor '{tensor.Name}' has {tensor.ByteLength} bytes, more than an array holds.");
        var bytes = GC.AllocateUninitializedArray<byte>((int)tensor.ByteLength);
        Read(tensor, bytes);
        return bytes;
    }

    /// <summary>Opens the data of a tensor as a seekable, read-only stream with a position of its own.</summary>
    /// <param name="tensor">A tensor of this file.</param>
    /// <exception cref="ArgumentException">The tensor belongs to another file.</exception>
    public Stream OpenRead(TTensor tensor)
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

    private protected static TFile Open<TFile>(ByteSource source, Func<ByteSource, TFile> read)
    {
        try
        {
            return read(source);
        }
        catch
        {
            source.Dispose();
            throw;
        }
    }

    private protected static ByteSource InMemory(ReadOnlyMemory<byte> bytes, string name)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        return new ByteSource.Memory(name, bytes);
    }

    private protected void CheckOwn(TTensor tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (!ReferenceEquals(Find(tensor.Name), tensor))
            throw new ArgumentException($"Tensor '{tensor.Name}' is not of the file {Path}.", nameof(tensor));
    }
}
