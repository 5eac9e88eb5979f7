using System.Runtime.InteropServices;
using static LoraBridge.Native.Ggml;

namespace LoraBridge.Native;

/// <summary>Owns a backend: a device opened for computation.</summary>
internal sealed class BackendHandle : SafeHandle
{
    /// <summary>Takes ownership of <paramref name="pointer"/>.</summary>
    /// <exception cref="NativeException">It is null: <paramref name="failure"/> says what was attempted.</exception>
    internal BackendHandle(BackendPtr pointer, string failure) : base(0, ownsHandle: true)
    {
        if (pointer.IsNull)
            throw new NativeException(failure);
        SetHandle(pointer.Address);
    }

    public override bool IsInvalid => handle == 0;

    /// <summary>The borrowed pointer: valid until this is disposed.</summary>
    internal BackendPtr Pointer => IsClosed ? throw new ObjectDisposedException(nameof(BackendHandle)) : new(handle);

    /// <summary>Threads that end with the backend.</summary>
    internal ThreadPoolHandle? Threads { get; set; }

    protected override bool ReleaseHandle()
    {
        ggml_backend_free(new(handle));
        Threads?.Dispose();
        return true;
    }
}
