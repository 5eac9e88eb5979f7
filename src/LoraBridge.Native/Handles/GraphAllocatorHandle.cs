using System.Runtime.InteropServices;
using static LoraBridge.Native.Ggml;

namespace LoraBridge.Native;

/// <summary>Owns a graph allocator and the buffers that it made.</summary>
internal sealed class GraphAllocatorHandle : SafeHandle
{
    /// <summary>Takes ownership of <paramref name="pointer"/>.</summary>
    /// <exception cref="NativeException">It is null: <paramref name="failure"/> says what was attempted.</exception>
    internal GraphAllocatorHandle(GraphAllocatorPtr pointer, string failure) : base(0, ownsHandle: true)
    {
        if (pointer.IsNull)
            throw new NativeException(failure);
        SetHandle(pointer.Address);
    }

    public override bool IsInvalid => handle == 0;

    /// <summary>The borrowed pointer: valid until this is disposed.</summary>
    internal GraphAllocatorPtr Pointer => IsClosed ? throw new ObjectDisposedException(nameof(GraphAllocatorHandle)) : new(handle);

    protected override bool ReleaseHandle()
    {
        ggml_gallocr_free(new(handle));
        return true;
    }
}
