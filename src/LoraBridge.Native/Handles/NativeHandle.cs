using System.Runtime.InteropServices;

namespace LoraBridge.Native;

/// <summary>Owns something native, and keeps what that depends on alive as long as itself.</summary>
/// <typeparam name="T">The pointer to it.</typeparam>
internal abstract class NativeHandle<T> : SafeHandle where T : struct, INativePointer
{
    private readonly T _pointer;
    private readonly SafeHandle? _parent;

    /// <summary>Takes ownership of <paramref name="pointer"/>.</summary>
    /// <param name="pointer">What to own.</param>
    /// <param name="failure">What was attempted, for the exception when the pointer is null.</param>
    /// <param name="parent">Stays alive until this is freed; null when there is none.</param>
    /// <exception cref="NativeException">The pointer is null.</exception>
    private protected NativeHandle(T pointer, string failure, SafeHandle? parent = null) : base(0, ownsHandle: true)
    {
        if (pointer.IsNull)
            throw new NativeException(failure);
        if (parent is not null)
        {
            var referenced = false;
            parent.DangerousAddRef(ref referenced);
            _parent = parent;
        }
        _pointer = pointer;
        SetHandle(pointer.Address);
    }

    public override bool IsInvalid => handle == 0;

    /// <summary>The borrowed pointer: valid until this is disposed.</summary>
    internal T Pointer => IsClosed ? throw new ObjectDisposedException(GetType().Name) : _pointer;

    /// <summary>Frees it.</summary>
    private protected abstract void Free(T pointer);

    protected sealed override bool ReleaseHandle()
    {
        Free(_pointer);
        _parent?.DangerousRelease();
        return true;
    }
}
