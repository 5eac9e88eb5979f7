using System.Buffers;
using LoraBridge.Native;
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

/// <summary>Takes contiguous memory apart, front to back.</summary>
internal static class Sections
{
    extension(TensorPtr tensor)
    {
        /// <summary>All elements of a contiguous F32 tensor in host memory.</summary>
        public Span<float> Floats => tensor.HostSpan<float>(0, checked((int)tensor.ElementCount));

        /// <summary>One row (dimension 0) of such a tensor.</summary>
        public Span<float> Row(long row) => tensor.HostSpan<float>(row * tensor.Ne(0), (int)tensor.Ne(0));
    }

    /// <summary>The first <paramref name="count"/> elements of <paramref name="rest"/>, which keeps the others.</summary>
    public static Span<float> Take(scoped ref Span<float> rest, long count)
    {
        var section = rest[..checked((int)count)];
        rest = rest[(int)count..];
        return section;
    }
}
