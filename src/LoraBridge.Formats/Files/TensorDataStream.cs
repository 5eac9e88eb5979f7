namespace LoraBridge.Formats;

/// <summary>
/// The stream that a tensor's data are written to: it passes bytes on, counts them, reports them, stops when asked to, and
/// refuses more than the tensor has.
/// </summary>
internal sealed class TensorDataStream(
    Stream target, string tensor, long length, Action<long> report, CancellationToken cancellationToken) : Stream
{
    private long _written;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => length;

    public override long Position
    {
        get => _written;
        set => throw new NotSupportedException("The stream only appends.");
    }

    /// <summary>Checks that the whole tensor was written.</summary>
    public void Complete()
    {
        if (_written != length)
            throw new InvalidOperationException($"Tensor '{tensor}' got {_written} bytes of data, expected {length}.");
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (buffer.Length > length - _written)
            throw new InvalidOperationException($"Tensor '{tensor}' got more than its {length} bytes of data.");
        target.Write(buffer);
        _written += buffer.Length;
        report(buffer.Length);
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("The stream is write-only.");

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException("The stream only appends.");

    public override void SetLength(long value) => throw new NotSupportedException("The stream only appends.");
}
