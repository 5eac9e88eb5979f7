using System.Runtime.InteropServices;

namespace LoraBridge.Native;

/// <summary>Native copies of arguments, freed together after the call.</summary>
internal sealed unsafe class NativeScope : IDisposable
{
    private readonly List<nint> _blocks = [];

    /// <summary>A native copy of <paramref name="values"/>, valid until the scope is disposed.</summary>
    internal T* Copy<T>(ReadOnlySpan<T> values) where T : unmanaged
    {
        var block = (T*)NativeMemory.Alloc((nuint)Math.Max(values.Length, 1), (nuint)sizeof(T));
        _blocks.Add((nint)block);
        values.CopyTo(new Span<T>(block, values.Length));
        return block;
    }

    public void Dispose()
    {
        foreach (var block in _blocks)
            NativeMemory.Free((void*)block);
        _blocks.Clear();
    }
}
