using static LoraBridge.Native.Ggml;

namespace LoraBridge.Native;

/// <summary>Allocates the memory of tensors.</summary>
internal static class Buffers
{
    /// <summary>Allocates all tensors of <paramref name="context"/> that have no memory yet, in the default memory of the backend.</summary>
    internal static BufferHandle Allocate(GgmlContextHandle context, BackendHandle backend) =>
        Allocate(context, ggml_backend_get_default_buffer_type(backend.Pointer));

    /// <summary>Allocates all tensors of <paramref name="context"/> that have no memory yet, in memory of <paramref name="type"/>.</summary>
    /// <exception cref="InvalidOperationException">There is none to allocate.</exception>
    /// <exception cref="NativeException">The memory is not available.</exception>
    internal static BufferHandle Allocate(GgmlContextHandle context, BufferTypePtr type)
    {
        if (!NeedsMemory(context.Pointer))
            throw new InvalidOperationException("The context has no tensor that needs memory.");
        NativeLog.Clear();
        var bytes = ggml_backend_alloc_ctx_tensors_from_buft_size(context.Pointer, type);
        return new BufferHandle(
            ggml_backend_alloc_ctx_tensors_from_buft(context.Pointer, type),
            $"{bytes} bytes of {ggml_backend_buft_name(type)} memory could not be allocated.");
    }

    /// <summary>Places <paramref name="tensor"/> at <paramref name="offset"/> bytes from the start of <paramref name="buffer"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It does not fit there.</exception>
    internal static void Place(BufferHandle buffer, TensorPtr tensor, long offset) => PlaceAt(buffer.Pointer, tensor, offset);

    /// <summary>Places <paramref name="tensor"/> in the memory of <paramref name="owner"/>, <paramref name="offset"/> bytes from its start.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It does not fit there.</exception>
    internal static void PlaceWithin(TensorPtr owner, TensorPtr tensor, long offset)
    {
        owner.CheckTransfer((nuint)offset, (nuint)tensor.ByteCount);
        PlaceAt(owner.Buffer, tensor, owner.Data - ggml_backend_buffer_get_base(owner.Buffer) + offset);
    }

    private static void PlaceAt(BufferPtr buffer, TensorPtr tensor, long offset)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        var size = (long)ggml_backend_buffer_get_size(buffer);
        var needed = (long)ggml_backend_buffer_get_alloc_size(buffer, tensor);
        var address = ggml_backend_buffer_get_base(buffer) + (nint)offset;
        if (offset > size || needed > size - offset)
            throw new ArgumentOutOfRangeException(nameof(offset), $"{tensor} takes {needed} bytes; the buffer has {size}, asked for offset {offset}.");
        if (!tensor.Buffer.IsNull || tensor.Data != 0)
            throw new InvalidOperationException($"{tensor} already has memory.");
        if (!tensor.ViewSource.IsNull)
            throw new InvalidOperationException($"{tensor} is a view: it has the memory of its source.");
        var status = ggml_backend_tensor_alloc(buffer, tensor, address);
        if (status != GgmlStatus.Success)
            throw new NativeException($"{tensor} could not be placed in its buffer: {status}.");
    }

    private static bool NeedsMemory(GgmlContext context)
    {
        for (var tensor = ggml_get_first_tensor(context); !tensor.IsNull; tensor = ggml_get_next_tensor(context, tensor))
        {
            if (tensor.Data == 0 && tensor.ViewSource.IsNull && tensor.ElementCount > 0)
                return true;
        }
        return false;
    }
}
