namespace LoraBridge.Native;

/// <summary>The transfers over spans: what callers use.</summary>
internal static unsafe partial class Ggml
{
    /// <summary>Copies <paramref name="data"/> into <paramref name="tensor"/>, <paramref name="offset"/> bytes from its start.</summary>
    /// <exception cref="InvalidOperationException">The tensor is not allocated.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The tensor is too small.</exception>
    internal static void ggml_backend_tensor_set(TensorPtr tensor, ReadOnlySpan<byte> data, nuint offset = 0)
    {
        tensor.CheckTransfer(offset, (nuint)data.Length);
        fixed (byte* bytes = data)
            ggml_backend_tensor_set(tensor, bytes, offset, (nuint)data.Length);
    }

    /// <summary>Fills <paramref name="data"/> from <paramref name="tensor"/>, <paramref name="offset"/> bytes from its start.</summary>
    /// <exception cref="InvalidOperationException">The tensor is not allocated.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The tensor is too small.</exception>
    internal static void ggml_backend_tensor_get(TensorPtr tensor, Span<byte> data, nuint offset = 0)
    {
        tensor.CheckTransfer(offset, (nuint)data.Length);
        fixed (byte* bytes = data)
            ggml_backend_tensor_get(tensor, bytes, offset, (nuint)data.Length);
    }
}
