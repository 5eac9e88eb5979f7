using System.Runtime.InteropServices;
using static LoraBridge.Native.Ggml;

namespace LoraBridge.Native;

/// <summary>Copies of elements between a tensor and managed memory, checked so that ggml never sees a bad range.</summary>
internal readonly unsafe partial record struct TensorPtr
{
    /// <summary>Bytes from the first to the last element.</summary>
    public long ByteCount => (long)ggml_nbytes(this);

    /// <summary>Number of elements.</summary>
    public long ElementCount => Ne(0) * Ne(1) * Ne(2) * Ne(3);

    /// <summary>Copies <paramref name="values"/> into the tensor, from its element <paramref name="offset"/> on.</summary>
    public void Set<T>(ReadOnlySpan<T> values, long offset = 0) where T : unmanaged =>
        ggml_backend_tensor_set(this, MemoryMarshal.AsBytes(values), (nuint)ByteOffset<T>(offset));

    /// <summary>Copies elements into <paramref name="values"/>, from element <paramref name="offset"/> on.</summary>
    public void Get<T>(Span<T> values, long offset = 0) where T : unmanaged =>
        ggml_backend_tensor_get(this, MemoryMarshal.AsBytes(values), (nuint)ByteOffset<T>(offset));

    /// <summary>Copies all elements into a tensor of the same type and shape, on the device where both are on one.</summary>
    public void CopyTo(TensorPtr target)
    {
        CheckTransfer(0, 0);
        target.CheckTransfer(0, 0);
        for (var i = 0; i < MaxDimensions; i++)
            if (Type != target.Type || Ne(i) != target.Ne(i) || Nb(i) != target.Nb(i))
                throw new ArgumentException($"{target} does not have the type, shape and strides of {this}.", nameof(target));
        ggml_backend_tensor_copy(this, target);
    }

    /// <summary>All elements as an array of <typeparamref name="T"/>.</summary>
    public T[] ToArray<T>() where T : unmanaged
    {
        var bytes = ByteCount;
        if (bytes % sizeof(T) != 0)
            throw new ArgumentException($"{this} has {bytes} bytes, no whole number of {typeof(T).Name} ({sizeof(T)} bytes).");
        var values = new T[bytes / sizeof(T)];
        Get<T>(values);
        return values;
    }

    /// <summary>Throws unless the tensor is allocated and holds <paramref name="size"/> bytes from <paramref name="offset"/> on.</summary>
    internal void CheckTransfer(nuint offset, nuint size)
    {
        var holder = ViewSource.IsNull ? Buffer : ViewSource.Buffer;
        if (holder.IsNull || Data == 0)
            throw new InvalidOperationException($"{this} is not allocated: there is no memory to copy to or from.");
        var bytes = ggml_nbytes(this);
        if (offset > bytes || size > bytes - offset)
            throw new ArgumentOutOfRangeException(nameof(size), $"{this} has {bytes} bytes; asked for {size} bytes from {offset} on.");
    }

    private static long ByteOffset<T>(long offset) where T : unmanaged
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        return checked(offset * sizeof(T));
    }
}
