using System.Runtime.InteropServices;
using static LoraBridge.Native.Llama;

namespace LoraBridge.Native;

/// <summary>Owns a sampler that is in no chain, or a chain with all its samplers.</summary>
internal sealed class SamplerHandle : SafeHandle
{
    /// <summary>Takes ownership of <paramref name="pointer"/>.</summary>
    /// <exception cref="NativeException">It is null: <paramref name="failure"/> says what was attempted.</exception>
    internal SamplerHandle(SamplerPtr pointer, string failure) : base(0, ownsHandle: true)
    {
        if (pointer.IsNull)
            throw new NativeException(failure);
        SetHandle(pointer.Address);
    }

    public override bool IsInvalid => handle == 0;

    /// <summary>The borrowed pointer: valid until this is disposed.</summary>
    internal SamplerPtr Pointer => IsClosed ? throw new ObjectDisposedException(nameof(SamplerHandle)) : new(handle);

    protected override bool ReleaseHandle()
    {
        llama_sampler_free(new(handle));
        return true;
    }
}
