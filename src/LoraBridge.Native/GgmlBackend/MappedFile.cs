using System.IO.MemoryMappedFiles;
using static LoraBridge.Native.Ggml;

namespace LoraBridge.Native;

/// <summary>
/// A file mapped read-only: its pages are shared with every other mapping of the file, a model loaded with mmap among them. Tensors
/// can lie in it; they must not be written.
/// </summary>
internal sealed unsafe class MappedFile : IDisposable
{
    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
    private readonly byte* _start;

    internal MappedFile(string path)
    {
        Length = new FileInfo(path).Length;
        _file = MemoryMappedFile.CreateFromFile(path, FileMode.Open, null, 0, MemoryMappedFileAccess.Read);
        _view = _file.CreateViewAccessor(0, Length, MemoryMappedFileAccess.Read);
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref _start);
    }

    /// <summary>Bytes of the file.</summary>
    internal long Length { get; }

    /// <summary>The <paramref name="length"/> bytes from <paramref name="offset"/> on, valid until this is disposed.</summary>
    internal ReadOnlySpan<byte> Slice(long offset, int length)
    {
        Check(offset, length);
        return new ReadOnlySpan<byte>(_start + offset, length);
    }

    /// <summary>A CPU buffer over a part of the file, for <see cref="Buffers.Place"/>; dispose it before this.</summary>
    /// <exception cref="ArgumentException">The offset is no multiple of 32, the alignment of CPU tensors.</exception>
    internal BufferHandle AsBuffer(long offset, long length)
    {
        Check(offset, length);
        if (offset % 32 != 0)
            throw new ArgumentException($"CPU buffers start at a multiple of 32 bytes; found {offset}.", nameof(offset));
        return new BufferHandle(
            ggml_backend_cpu_buffer_from_ptr((nint)(_start + offset), (nuint)length), $"{length} mapped bytes could not become a buffer.");
    }

    public void Dispose()
    {
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _file.Dispose();
    }

    private void Check(long offset, long length)
    {
        if (offset < 0 || length < 0 || offset > Length - length)
            throw new ArgumentOutOfRangeException(nameof(offset), $"The file has {Length} bytes; asked for {length} from {offset} on.");
    }
}
