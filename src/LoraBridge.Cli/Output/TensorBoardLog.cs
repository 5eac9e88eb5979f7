using System.Buffers.Binary;
using System.Numerics;
using System.Text;
using LoraBridge.Finetuning;

namespace LoraBridge.Cli.Output;

/// <summary>
/// Scalars for TensorBoard, in an event file of its own in a folder: TensorBoard shows all files of a folder as one run, and drops what
/// a training that goes on repeats.
/// </summary>
/// <remarks>
/// A record is its length (8 bytes), the masked CRC-32C of those, the data, and their masked CRC-32C. The data are an <c>Event</c> of
/// protocol buffers: wall time (field 1, double), step (2, varint), and the file's version (3, string) or a summary (5), whose values
/// (1) are a tag (1, string) and a number (2, float).
/// </remarks>
internal sealed class TensorBoardLog : TrainingLog
{
    private const int Varint = 0, Fixed64 = 1, Bytes = 2, Fixed32 = 5;

    private readonly FileStream _file;

    internal TensorBoardLog(string folder)
    {
        Directory.CreateDirectory(folder);
        var now = DateTimeOffset.UtcNow;
        var path = Path.Combine(folder, $"events.out.tfevents.{now.ToUnixTimeSeconds():D10}.{Environment.MachineName}.{Environment.ProcessId}.{Guid.NewGuid():N}");
        _file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.Read);
        WriteEvent(now, 0, @event => WriteBytes(@event, 3, "brain.Event:2"u8));
    }

    internal override void Add(TrainingProgress state) => WriteEvent(DateTimeOffset.UtcNow, state.Step, @event =>
    {
        using var summary = new MemoryStream();
        Write("train/loss", state.Loss);
        Write("train/learning_rate", state.LearningRate);
        Write("train/gradient_norm", state.GradientNorm);
        Write("train/tokens_per_second", state.TokensPerSecond);
        if (state.ValidationLoss is { } loss)
            Write("validation/loss", loss);
        WriteBytes(@event, 5, summary.GetBuffer().AsSpan(0, (int)summary.Length));

        void Write(string tag, double value)
        {
            using var entry = new MemoryStream();
            WriteBytes(entry, 1, Encoding.UTF8.GetBytes(tag));
            WriteNumber(entry, 2, (float)value);
            WriteBytes(summary, 1, entry.GetBuffer().AsSpan(0, (int)entry.Length));
        }
    });

    public override void Dispose() => _file.Dispose();

    private void WriteEvent(DateTimeOffset time, int step, Action<Stream> content)
    {
        using var @event = new MemoryStream();
        WriteNumber(@event, 1, (time - DateTimeOffset.UnixEpoch).TotalSeconds);
        WriteKey(@event, 2, Varint);
        WriteVarint(@event, (ulong)step);
        content(@event);
        WriteRecord(@event.GetBuffer().AsSpan(0, (int)@event.Length));
        _file.Flush();
    }

    private void WriteRecord(ReadOnlySpan<byte> data)
    {
        Span<byte> length = stackalloc byte[sizeof(ulong)], check = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)data.Length);
        _file.Write(length);
        BinaryPrimitives.WriteUInt32LittleEndian(check, MaskedCrc(length));
        _file.Write(check);
        _file.Write(data);
        BinaryPrimitives.WriteUInt32LittleEndian(check, MaskedCrc(data));
        _file.Write(check);
    }

    /// <summary>Turned and shifted, so that the check of data that hold checks is not weak.</summary>
    private static uint MaskedCrc(ReadOnlySpan<byte> data)
    {
        var crc = uint.MaxValue;
        foreach (var value in data)
            crc = BitOperations.Crc32C(crc, value);
        return BitOperations.RotateRight(~crc, 15) + 0xa282ead8;
    }

    private static void WriteKey(Stream stream, int field, int wireType) => WriteVarint(stream, (ulong)(field << 3 | wireType));

    private static void WriteVarint(Stream stream, ulong value)
    {
        for (; value >= 0x80; value >>= 7)
            stream.WriteByte((byte)(value | 0x80));
        stream.WriteByte((byte)value);
    }

    private static void WriteBytes(Stream stream, int field, ReadOnlySpan<byte> bytes)
    {
        WriteKey(stream, field, Bytes);
        WriteVarint(stream, (ulong)bytes.Length);
        stream.Write(bytes);
    }

    private static void WriteNumber(Stream stream, int field, double value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(double)];
        BinaryPrimitives.WriteDoubleLittleEndian(bytes, value);
        WriteKey(stream, field, Fixed64);
        stream.Write(bytes);
    }

    private static void WriteNumber(Stream stream, int field, float value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(float)];
        BinaryPrimitives.WriteSingleLittleEndian(bytes, value);
        WriteKey(stream, field, Fixed32);
        stream.Write(bytes);
    }
}
