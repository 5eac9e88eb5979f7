namespace LoraBridge.Native;

/// <summary>Direct sight of elements that lie in the memory of this process, for kernels that run on the CPU.</summary>
internal readonly unsafe partial record struct TensorPtr
{
    /// <summary>Elements [start, start + length) in the order they lie in memory; the tensor must be in host memory and contiguous.</summary>
    public Span<T> HostSpan<T>(long start, int length) where T : unmanaged
    {
        var bytes = HostBytes(checked(start * sizeof(T)), checked(length * sizeof(T)));
        return System.Runtime.InteropServices.MemoryMarshal.Cast<byte, T>(bytes);
    }

    /// <summary>The bytes [offset, offset + length) of a tensor in host memory.</summary>
    public Span<byte> HostBytes(long offset, int length) => HostBytes(offset, length, ByteCount);

    /// <summary>The bytes [offset, offset + length) of a tensor in host memory.</summary>
    /// <param name="offset">First byte.</param>
    /// <param name="length">How many.</param>
    /// <param name="size"><see cref="ByteCount"/>, for those who ask for many pieces of one tensor.</param>
    public Span<byte> HostBytes(long offset, int length, long size)
    {
        if (Data == 0)
            throw new InvalidOperationException($"{this} is not allocated.");
        if (offset < 0 || length < 0 || offset + length > size)
            throw new ArgumentOutOfRangeException(nameof(offset), offset, $"{length} bytes from there are not within the {size} of {this}.");
        return new Span<byte>((byte*)Data + offset, length);
    }
}
