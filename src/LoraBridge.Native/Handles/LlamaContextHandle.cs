using System.Runtime.InteropServices;
using static LoraBridge.Native.Llama;

namespace LoraBridge.Native;

/// <summary>Owns a context. Its model, and the adapters that are set on it, outlive it.</summary>
internal sealed class LlamaContextHandle : SafeHandle
{
    private readonly LlamaModelHandle _model;
    private IReadOnlyList<LlamaAdapterHandle> _adapters = [];

    /// <summary>Takes ownership of <paramref name="pointer"/> and keeps <paramref name="model"/> alive as long as this.</summary>
    internal LlamaContextHandle(LlamaContextPtr pointer, LlamaModelHandle model, string failure) : base(0, ownsHandle: true)
    {
        if (pointer.IsNull)
            throw new NativeException(failure);
        var referenced = false;
        model.DangerousAddRef(ref referenced);
        _model = model;
        SetHandle(pointer.Address);
    }

    public override bool IsInvalid => handle == 0;

    /// <summary>The borrowed pointer: valid until this is disposed.</summary>
    internal LlamaContextPtr Pointer => IsClosed ? throw new ObjectDisposedException(nameof(LlamaContextHandle)) : new(handle);

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

    protected override bool ReleaseHandle()
    {
        llama_free(new(handle));
        ReleaseAdapters();
        _model.DangerousRelease();
        return true;
    }

    private void ReleaseAdapters()
    {
        foreach (var adapter in _adapters)
            adapter.DangerousRelease();
    }
}
