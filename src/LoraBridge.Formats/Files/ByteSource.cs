using Microsoft.Win32.SafeHandles;

namespace LoraBridge.Formats;

/// <summary>
/// Bytes that are read by position, from several threads if need be. Files are read with positional reads, not mapped:
/// reading past the end of a mapped file that another program shortens kills the process, a positional read only comes up short.
/// </summary>
internal abstract class ByteSource(string name, long length) : IDisposable
{
    public string Name { get; } = name;

    public long Length { get; } = length;

    /// <summary>Reads up to the span's length at a position; fewer bytes, or none, at the end.</summary>
    public abstract int Read(Span<byte> destination, long position);

    /// <summary>Fills the span.</summary>
    /// <exception cref="EndOfStreamException">The source is shorter than when it was opened.</exception>
    public void ReadExactly(Span<byte> destination, long position)
    {
        while (destination.Length > 0)
        {
            var count = Read(destination, position);
            if (count == 0)
                throw new EndOfStreamException($"{Name}: the file ends at byte {position}; it had {Length} bytes when it was opened");
            destination = destination[count..];
            position += count;
        }
    }

    public virtual void Dispose()
    {
    }

    /// <summary>Opens a file for shared reading.</summary>
    public static ByteSource OpenFile(string path)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        if (Directory.Exists(path))
            throw new UnauthorizedAccessException($"{path} is a folder, expected a file.");
        if (!File.Exists(path))
            throw new FileNotFoundException($"{path} does not exist.", path);

        var handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, FileOptions.RandomAccess);
        try
        {
            return new FileSource(path, handle);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    private sealed class FileSource(string path, SafeFileHandle handle) : ByteSource(path, RandomAccess.GetLength(handle))
    {
        public override int Read(Span<byte> destination, long position) => RandomAccess.Read(handle, destination, position);

        public override void Dispose() => handle.Dispose();
    }

    /// <summary>Reads from memory.</summary>
    internal sealed class Memory(string name, ReadOnlyMemory<byte> bytes) : ByteSource(name, bytes.Length)
    {
        public override int Read(Span<byte> destination, long position)
        {
            if (position >= bytes.Length)
                return 0;
            var available = bytes.Span[(int)position..];
            var count = Math.Min(available.Length, destination.Length);
            available[..count].CopyTo(destination);
            return count;
        }
    }
}
