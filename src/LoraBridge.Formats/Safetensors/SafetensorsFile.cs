using System.Buffers.Binary;

namespace LoraBridge.Formats;

/// <summary>
/// An open safetensors file. The header is checked whole when the file is opened; tensor data is read on demand, from any
/// number of threads at once.
/// </summary>
public sealed class SafetensorsFile : TensorFile<SafetensorsTensorInfo>
{
    private const int ChunkElements = 1 << 14;

    private SafetensorsFile(ByteSource source, SafetensorsHeader header)
        : base(source, header.Tensors)
    {
        Metadata = header.Metadata;
    }

    /// <summary>The free text pairs of <c>__metadata__</c>.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

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
    public static SafetensorsFile Open(ReadOnlyMemory<byte> bytes, string name) => Open(InMemory(bytes, name));

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

    private static SafetensorsFile Open(ByteSource source) => Open(source, from => new SafetensorsFile(from, SafetensorsHeader.Read(from)));

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
}
