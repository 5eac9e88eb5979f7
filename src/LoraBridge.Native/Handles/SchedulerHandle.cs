using System.Runtime.InteropServices;
using static LoraBridge.Native.Ggml;

namespace LoraBridge.Native;

/// <summary>Owns a scheduler and the buffers that it made.</summary>
internal sealed class SchedulerHandle : SafeHandle
{
    /// <summary>Takes ownership of <paramref name="pointer"/>.</summary>
    /// <exception cref="NativeException">It is null: <paramref name="failure"/> says what was attempted.</exception>
    internal SchedulerHandle(SchedulerPtr pointer, string failure) : base(0, ownsHandle: true)
    {
        if (pointer.IsNull)
            throw new NativeException(failure);
        SetHandle(pointer.Address);
    }

    public override bool IsInvalid => handle == 0;

    /// <summary>The borrowed pointer: valid until this is disposed.</summary>
    internal SchedulerPtr Pointer => IsClosed ? throw new ObjectDisposedException(nameof(SchedulerHandle)) : new(handle);

    protected override bool ReleaseHandle()
    {
        ggml_backend_sched_free(new(handle));
        return true;
    }
}
