using System.Runtime.InteropServices;
using static LoraBridge.Native.Ggml;

namespace LoraBridge.Native;

/// <summary>Owns a context: the descriptions of its tensors and graphs, and their data unless it was made without.</summary>
internal sealed class GgmlContextHandle : SafeHandle
{
    /// <summary>Takes ownership of <paramref name="pointer"/>.</summary>
    /// <exception cref="NativeException">It is null: <paramref name="failure"/> says what was attempted.</exception>
    internal GgmlContextHandle(GgmlContext pointer, string failure) : base(0, ownsHandle: true)
    {
        if (pointer.IsNull)
            throw new NativeException(failure);
        SetHandle(pointer.Address);
    }

    public override bool IsInvalid => handle == 0;

    /// <summary>The borrowed pointer: valid until this is disposed.</summary>
    internal GgmlContext Pointer => IsClosed ? throw new ObjectDisposedException(nameof(GgmlContextHandle)) : new(handle);

    protected override bool ReleaseHandle()
    {
        ggml_free(new(handle));
        return true;
    }
}
