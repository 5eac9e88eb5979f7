using static LoraBridge.Native.Llama;

namespace LoraBridge.Native;

/// <summary>Owns a context. Its model, and the adapters that are set on it, outlive it.</summary>
internal sealed class LlamaContextHandle(LlamaContextPtr pointer, LlamaModelHandle model, string failure)
    : NativeHandle<LlamaContextPtr>(pointer, failure, model)
{
    private IReadOnlyList<LlamaAdapterHandle> _adapters = [];

    /// <summary>
    /// Replaces the whole set of adapters; a scale of zero leaves one out. Cached tokens keep the old weights' keys and values: the
    /// caller clears the memory.
    /// </summary>
    internal void SetAdapters(IReadOnlyList<(LlamaAdapterHandle Adapter, float Scale)> adapters)
    {
        LlamaAdapterHandle[] handles = [.. adapters.Select(entry => entry.Adapter)];
        LlamaAdapterPtr[] pointers = [.. handles.Select(adapter => adapter.Pointer)];
        float[] scales = [.. adapters.Select(entry => entry.Scale)];
        NativeLog.Clear();
        if (llama_set_adapters_lora(Pointer, pointers, (nuint)pointers.Length, scales) != 0)
            throw new NativeException($"{pointers.Length} adapters could not be set on the context.");
        foreach (var adapter in handles)
        {
            var referenced = false;
            adapter.DangerousAddRef(ref referenced);
        }
        ReleaseAdapters();
        _adapters = handles;
    }

    private protected override void Free(LlamaContextPtr pointer)
    {
        llama_free(pointer);
        ReleaseAdapters();
    }

    private void ReleaseAdapters()
    {
        foreach (var adapter in _adapters)
            adapter.DangerousRelease();
    }
}
