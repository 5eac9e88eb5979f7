using System.Runtime.InteropServices;
using static LoraBridge.Native.Llama;

namespace LoraBridge.Native;

/// <summary>Owns a context; its model outlives it.</summary>
internal sealed class LlamaContextHandle : SafeHandle
{
    private readonly LlamaModelHandle _model;

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

    protected override bool ReleaseHandle()
    {
        llama_free(new(handle));
        _model.DangerousRelease();
        return true;
    }
}
