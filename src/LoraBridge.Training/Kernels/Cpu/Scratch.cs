using System.Buffers;
using LoraBridge.Training.Graphs;

namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>Borrowed memory of a kernel, for <see cref="Sections"/>.</summary>
internal readonly struct Scratch : IDisposable
{
    private readonly float[] _buffer;
    private readonly int _start;
    private readonly int _count;

    public Scratch(int count)
    {
        _buffer = ArrayPool<float>.Shared.Rent(count + CacheLine.Words);
        (_start, _count) = (CacheLine.Start(ref _buffer[0]), count);
    }

    /// <summary>The numbers, of any value, from the start of a cache line on.</summary>
    public Span<float> Floats => _buffer.AsSpan(_start, _count);

    public void Dispose() => ArrayPool<float>.Shared.Return(_buffer);
}
