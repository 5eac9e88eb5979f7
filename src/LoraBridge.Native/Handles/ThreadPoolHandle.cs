using System.Runtime.InteropServices;

namespace LoraBridge.Native;

/// <summary>Owns threads that stay between the computations of a CPU backend.</summary>
internal sealed unsafe class ThreadPoolHandle : SafeHandle
{
    private readonly delegate* unmanaged[Cdecl]<nint, void> _free;

    /// <summary>Takes ownership of <paramref name="pool"/>, which <paramref name="free"/> ends.</summary>
    internal ThreadPoolHandle(nint pool, delegate* unmanaged[Cdecl]<nint, void> free) : base(0, ownsHandle: true)
    {
        _free = free;
        SetHandle(pool);
    }

    public override bool IsInvalid => handle == 0;

    /// <summary>The borrowed pointer: valid until this is disposed.</summary>
    internal nint Pointer => IsClosed ? throw new ObjectDisposedException(nameof(ThreadPoolHandle)) : handle;

    protected override bool ReleaseHandle()
    {
        _free(handle);
        return true;
    }
}
