using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace LoraBridge.Formats;

/// <summary>
/// Reads the primitive values of a GGUF header in order. Every size is compared with the bytes that are left before anything is
/// allocated, and the header with a limit, so that memory is bounded whatever the file claims and however large it is.
/// </summary>
internal sealed class GgufReader(ByteSource source)
{
    private const int BufferBytes = 1 << 16;

    // The largest vocabularies take some tens of megabytes.
    private const long MaximumHeaderBytes = 1L << 30;

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly byte[] _buffer = new byte[BufferBytes];
    private int _start;
    private int _end;

    public long Position { get; private set; }

    public long Remaining => Math.Min(source.Length, MaximumHeaderBytes) - Position;

    public InvalidDataException Fault(long position, string problem) => FormatFault.In(source.Name, position, problem);

    public uint ReadUInt32(string what) => BinaryPrimitives.ReadUInt32LittleEndian(Take(sizeof(uint), what));

    public ulong ReadUInt64(string what) => BinaryPrimitives.ReadUInt64LittleEndian(Take(sizeof(ulong), what));

    public long ReadInt64(string what) => BinaryPrimitives.ReadInt64LittleEndian(Take(sizeof(long), what));

    /// <summary>Reads a count of things that take at least <paramref name="minimumBytes"/> each.</summary>
    public int ReadCount(string what, int minimumBytes)
    {
        var at = Position;
        var count = ReadUInt64($"the number of {what}");
        var limit = Remaining / minimumBytes;
        return count <= (ulong)limit
            ? (int)count
            : throw Fault(at, $"{count} {what}, expected at most {limit} with {Remaining} bytes left");
    }

    /// <summary>Reads a length and that many bytes.</summary>
    public byte[] ReadBytes(string what, int maximum)
    {
        var at = Position;
        var length = ReadUInt64($"the length of {what}");
        if (length > (ulong)Math.Min(maximum, Remaining))
            throw Fault(at, $"{what} has {length} bytes, expected at most {Math.Min(maximum, Remaining)}");
        var bytes = new byte[length];
        Fill(bytes, what);
        return bytes;
    }

    /// <summary>Reads a key or tensor name, which must be valid UTF-8 without NUL: native code ends a name there.</summary>
    public string ReadName(string what, int maximum)
    {
        var at = Position;
        var bytes = ReadBytes(what, maximum);
        if (bytes.Length == 0)
            throw Fault(at, $"{what} is empty");
        if (bytes.Contains((byte)0))
            throw Fault(at, $"{what} contains a NUL byte");
        try
        {
            return StrictUtf8.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            throw Fault(at, $"{what} is not valid UTF-8");
        }
    }

    public GgufValueType ReadValueType(string key)
    {
        var at = Position;
        var type = (GgufValueType)ReadUInt32($"the type of metadata key '{key}'");
        return Enum.IsDefined(type) ? type : throw Fault(at, $"metadata key '{key}' has type {(uint)type}, expected 0 to 12");
    }

    public T ReadScalar<T>(string key)
        where T : unmanaged
    {
        var value = new T[1];
        Fill(MemoryMarshal.AsBytes(value.AsSpan()), $"the value of metadata key '{key}'");
        return value[0];
    }

    public bool ReadBool(string key) => Take(1, $"the value of metadata key '{key}'")[0] != 0;

    public T[] ReadArray<T>(string key, int count)
        where T : unmanaged
    {
        var values = new T[count];
        Fill(MemoryMarshal.AsBytes(values.AsSpan()), $"the array of metadata key '{key}'");
        return values;
    }

    public GgufStringArray ReadStrings(string key, int count)
    {
        var ends = new int[count];
        using var bytes = new MemoryStream();
        for (var i = 0; i < count; i++)
        {
            var at = Position;
            var text = ReadBytes($"string {i} of metadata key '{key}'", Array.MaxLength);
            if (text.Length > Array.MaxLength - bytes.Length)
                throw Fault(at, $"the strings of metadata key '{key}' have more than {Array.MaxLength} bytes together");
            bytes.Write(text);
            ends[i] = (int)bytes.Length;
        }

        return new GgufStringArray(bytes.ToArray(), ends);
    }

    private ReadOnlySpan<byte> Take(int count, string what)
    {
        if (count > Remaining)
            throw Truncated(count, what);
        if (_end - _start < count)
            Refill(count);
        var taken = _buffer.AsSpan(_start, count);
        _start += count;
        Position += count;
        return taken;
    }

    private void Fill(Span<byte> destination, string what)
    {
        if (destination.Length > Remaining)
            throw Truncated(destination.Length, what);

        var buffered = Math.Min(destination.Length, _end - _start);
        _buffer.AsSpan(_start, buffered).CopyTo(destination);
        _start += buffered;
        Position += buffered;
        destination = destination[buffered..];
        if (destination.Length is > 0 and < BufferBytes)
        {
            Take(destination.Length, what).CopyTo(destination);
        }
        else if (destination.Length > 0)
        {
            source.ReadExactly(destination, Position);
            Position += destination.Length;
        }
    }

    private void Refill(int count)
    {
        var kept = _end - _start;
        _buffer.AsSpan(_start, kept).CopyTo(_buffer);
        var wanted = (int)Math.Min(BufferBytes, Remaining);
        source.ReadExactly(_buffer.AsSpan(kept, Math.Max(wanted, count) - kept), Position + kept);
        _start = 0;
        _end = Math.Max(wanted, count);
    }

    private InvalidDataException Truncated(long count, string what) =>
        source.Length > MaximumHeaderBytes
            ? Fault(Position, $"the header has more than {MaximumHeaderBytes} bytes, expected less; it goes on with {what}")
            : Fault(Position, $"the file ends inside {what}: {Remaining} bytes left, expected {count}");
}
