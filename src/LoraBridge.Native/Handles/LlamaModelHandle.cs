using System.Runtime.InteropServices;
using static LoraBridge.Native.Llama;

namespace LoraBridge.Native;

/// <summary>Owns a model.</summary>
internal sealed class LlamaModelHandle : SafeHandle
{
    /// <summary>Takes ownership of <paramref name="pointer"/>.</summary>
    /// <exception cref="NativeException">It is null: <paramref name="failure"/> says what was attempted.</exception>
    internal LlamaModelHandle(LlamaModelPtr pointer, string failure) : base(0, ownsHandle: true)
    {
        if (pointer.IsNull)
            throw new NativeException(failure);
        SetHandle(pointer.Address);
    }

    public override bool IsInvalid => handle == 0;

    /// <summary>The borrowed pointer: valid until this is disposed.</summary>
    internal LlamaModelPtr Pointer => IsClosed ? throw new ObjectDisposedException(nameof(LlamaModelHandle)) : new(handle);

    protected override bool ReleaseHandle()
    {
        llama_model_free(new(handle));
        return true;
    }
}
