using System.Buffers;
using LoraBridge.Training.Graphs;

namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>Borrowed memory of a kernel, for <see cref="Sections"/>.</summary>
internal readonly ref struct Scratch
{
    private readonly float[] _buffer;

    public Scratch(int count)
    {
        _buffer = ArrayPool<float>.Shared.Rent(count + CacheLine.Words);
        Floats = _buffer.AsSpan(CacheLine.Start(ref _buffer[0]), count);
    }

    /// <summary>The numbers, of any value, from the start of a cache line on.</summary>
    public Span<float> Floats { get; }

    public void Dispose() => ArrayPool<float>.Shared.Return(_buffer);
}
