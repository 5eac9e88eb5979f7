using System.IO.Compression;

namespace LoraBridge.Data;

/// <summary>
/// Unpacks a file of gzip members, and fails where it was cut off: <see cref="GZipStream"/> alone ends there as if it were complete. It is
/// given one member more than the file has, whose text comes out last only if the members of the file are whole.
/// </summary>
internal sealed class WholeGzipStream(Stream file) : ForwardStream
{
    private static readonly byte[] Mark = "\0end of the file\0"u8.ToArray();
    private static readonly byte[] PackedMark = Pack(Mark);

    private readonly GZipStream _gzip = new(new Appended(file, PackedMark), CompressionMode.Decompress);
    private readonly byte[] _buffer = new byte[64 * 1024];
    private int _start;
    private int _end;

    /// <exception cref="InvalidDataException">The file is damaged, or cut off.</exception>
    public override int Read(Span<byte> buffer)
    {
        // So many bytes are held back: they may be the mark.
        while (_end - _start <= Mark.Length)
        {
            if (Fill() > 0)
                continue;
            return _buffer.AsSpan(_start, _end - _start).SequenceEqual(Mark)
                ? 0
                : throw new InvalidDataException("it is cut off, or something else follows what is packed.");
        }
        var count = Math.Min(buffer.Length, _end - _start - Mark.Length);
        _buffer.AsSpan(_start, count).CopyTo(buffer);
        _start += count;
        return count;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _gzip.Dispose();
        base.Dispose(disposing);
    }

    private int Fill()
    {
        _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
        (_start, _end) = (0, _end - _start);
        var count = _gzip.Read(_buffer.AsSpan(_end));
        _end += count;
        return count;
    }

    private static byte[] Pack(byte[] bytes)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest))
            gzip.Write(bytes);
        return packed.ToArray();
    }

    /// <summary>A stream with some bytes after its end.</summary>
    private sealed class Appended(Stream stream, byte[] bytes) : ForwardStream
    {
        private int _read;

        public override int Read(Span<byte> buffer)
        {
            if (stream.Read(buffer) is > 0 and var count)
                return count;
            count = Math.Min(buffer.Length, bytes.Length - _read);
            bytes.AsSpan(_read, count).CopyTo(buffer);
            _read += count;
            return count;
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                stream.Dispose();
            base.Dispose(disposing);
        }
    }
}

/// <summary>A stream that is read from its beginning to its end, and no more.</summary>
internal abstract class ForwardStream : Stream
{
    public sealed override bool CanRead => true;

    public sealed override bool CanSeek => false;

    public sealed override bool CanWrite => false;

    public sealed override long Length => throw new NotSupportedException();

    public sealed override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public abstract override int Read(Span<byte> buffer);

    public sealed override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public sealed override void Flush()
    {
    }

    public sealed override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public sealed override void SetLength(long value) => throw new NotSupportedException();

    public sealed override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
