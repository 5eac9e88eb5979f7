using System.Buffers.Binary;
using System.Collections.Immutable;

namespace LoraBridge.Formats;

/// <summary>
/// An open safetensors file. The header is checked whole when the file is opened; tensor data are read on demand, from any
/// number of threads at once.
/// </summary>
public sealed class SafetensorsFile : IDisposable
{
    private const int ChunkElements = 1 << 14;

    private readonly ByteSource _source;
    private readonly Dictionary<string, SafetensorsTensorInfo> _byName;
    private bool _disposed;

    private SafetensorsFile(ByteSource source)
    {
        var header = SafetensorsHeader.Read(source);
        _source = source;
        Metadata = header.Metadata;
        Tensors = header.Tensors;
        _byName = Tensors.ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);
    }

    /// <summary>The path as it was given, or the name of the memory.</summary>
    public string Path => _source.Name;

    /// <summary>The free text pairs of <c>__metadata__</c>.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>The tensors in the order of their data.</summary>
    public ImmutableArray<SafetensorsTensorInfo> Tensors { get; }

    /// <summary>Opens a file.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is not valid safetensors.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be read, or is a folder.</exception>
    public static SafetensorsFile Open(string path) => Open(ByteSource.OpenFile(path));

    /// <summary>Opens a file that lies in memory.</summary>
    /// <param name="bytes">The whole file; it must not change while it is open.</param>
    /// <param name="name">How error messages refer to it.</param>
    /// <exception cref="InvalidDataException">The bytes are not valid safetensors.</exception>
    public static SafetensorsFile Open(ReadOnlyMemory<byte> bytes, string name)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        return Open(new ByteSource.Memory(name, bytes));
    }

    /// <summary>Finds a tensor by its name, or returns null.</summary>
    public SafetensorsTensorInfo? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>Fills the span with bytes of a tensor.</summary>
    /// <param name="tensor">A tensor of this file.</param>
    /// <param name="destination">Its whole length is filled.</param>
    /// <param name="offset">The first byte to read, from the start of the tensor's data.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range leaves the tensor.</exception>
    /// <exception cref="EndOfStreamException">The file was shortened after it was opened.</exception>
    public void Read(SafetensorsTensorInfo tensor, Span<byte> destination, long offset = 0)
    {
        CheckOwn(tensor);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, tensor.ByteLength - destination.Length);
        _source.ReadExactly(destination, tensor.Offset + offset);
    }

    /// <summary>Reads the whole data of a tensor.</summary>
    /// <exception cref="InvalidOperationException">The tensor is larger than an array can be; read it in parts.</exception>
    /// <exception cref="EndOfStreamException">The file was shortened after it was opened.</exception>
    public byte[] ReadAll(SafetensorsTensorInfo tensor)
    {
        CheckOwn(tensor);
        if (tensor.ByteLength > Array.MaxLength)
            throw new InvalidOperationException($"Tensor '{tensor.Name}' has {tensor.ByteLength} bytes, more than an array holds.");
        var bytes = GC.AllocateUninitializedArray<byte>((int)tensor.ByteLength);
        Read(tensor, bytes);
        return bytes;
    }

    /// <summary>Reads values as 32-bit floats, whatever float type the file has; 64-bit values are rounded.</summary>
    /// <param name="tensor">A tensor of this file of type F16, BF16, F32 or F64.</param>
    /// <param name="destination">Its whole length is filled.</param>
    /// <param name="firstElement">The first value to read.</param>
    /// <exception cref="NotSupportedException">The tensor has another type.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The range leaves the tensor.</exception>
    /// <exception cref="EndOfStreamException">The file was shortened after it was opened.</exception>
    public void ReadAsFloat32(SafetensorsTensorInfo tensor, Span<float> destination, long firstElement = 0)
    {
        CheckOwn(tensor);
        ArgumentOutOfRangeException.ThrowIfNegative(firstElement);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(firstElement, tensor.ElementCount - destination.Length);
        var size = tensor.Type.Size();
        var buffer = new byte[Math.Min(ChunkElements, destination.Length) * size];
        for (var done = 0; done < destination.Length;)
        {
            var part = destination[done..Math.Min(done + ChunkElements, destination.Length)];
            var bytes = buffer.AsSpan(0, part.Length * size);
            Read(tensor, bytes, (firstElement + done) * size);
            Convert(tensor, bytes, part);
            done += part.Length;
        }
    }

    /// <summary>Closes the file.</summary>
    public void Dispose()
    {
        _disposed = true;
        _source.Dispose();
    }

    private static SafetensorsFile Open(ByteSource source)
    {
        try
        {
            return new SafetensorsFile(source);
        }
        catch
        {
            source.Dispose();
            throw;
        }
    }

    private void Convert(SafetensorsTensorInfo tensor, ReadOnlySpan<byte> source, Span<float> destination)
    {
        switch (tensor.Type)
        {
            case SafetensorsType.Float16:
                HalfPrecision.Float16ToFloat32(source, destination);
                break;
            case SafetensorsType.BFloat16:
                HalfPrecision.BFloat16ToFloat32(source, destination);
                break;
            case SafetensorsType.Float32:
                for (var i = 0; i < destination.Length; i++)
                    destination[i] = BinaryPrimitives.ReadSingleLittleEndian(source[(i * sizeof(float))..]);
                break;
            case SafetensorsType.Float64:
                for (var i = 0; i < destination.Length; i++)
                    destination[i] = (float)BinaryPrimitives.ReadDoubleLittleEndian(source[(i * sizeof(double))..]);
                break;
            default:
                throw new NotSupportedException(
                    $"{Path}: tensor '{tensor.Name}' has type {tensor.Type.Name()}, expected F16, BF16, F32 or F64.");
        }
    }

    private void CheckOwn(SafetensorsTensorInfo tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (!ReferenceEquals(Find(tensor.Name), tensor))
            throw new ArgumentException($"Tensor '{tensor.Name}' is not of the file {Path}.", nameof(tensor));
    }
}
