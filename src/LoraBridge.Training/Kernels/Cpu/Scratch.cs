using System.Buffers;

namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>Borrowed memory of a kernel, for <see cref="Sections"/>.</summary>
internal readonly ref struct Scratch(int count)
{
    private readonly float[] _buffer = ArrayPool<float>.Shared.Rent(count);

    /// <summary>The numbers, of any value.</summary>
    public Span<float> Floats => _buffer.AsSpan(0, count);

    public void Dispose() => ArrayPool<float>.Shared.Return(_buffer);
}
