namespace LoraBridge.Formats;

/// <summary>
/// An open GGUF file. The header is read and checked whole when the file is opened, so that a file that opens can be handed
/// to ggml; tensor data is read on demand, from any number of threads at once.
/// </summary>
public sealed class GgufFile : TensorFile<GgufTensorInfo>
{
    private GgufFile(ByteSource source, GgufHeader header)
        : base(source, header.Tensors)
    {
        Version = header.Version;
        Metadata = header.Metadata;
    }

    /// <summary>The version of the format: 2 or 3.</summary>
    public int Version { get; }

    /// <summary>The alignment of tensor data in bytes.</summary>
    public int Alignment => Metadata.Alignment;

    /// <summary>The key-value pairs.</summary>
    public GgufMetadata Metadata { get; }

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
    public static GgufFile Open(ReadOnlyMemory<byte> bytes, string name) => Open(InMemory(bytes, name));

    private static GgufFile Open(ByteSource source) => Open(source, from => new GgufFile(from, GgufHeader.Read(from)));
}
