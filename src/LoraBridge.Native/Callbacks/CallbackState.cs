using System.Runtime.InteropServices;

namespace LoraBridge.Native;

/// <summary>
/// What a native callback reaches through its <c>user_data</c>. An exception must not cross native frames: it is parked here, the
/// callback answers with the value that stops the native loop, and the caller rethrows after the call.
/// </summary>
internal abstract class CallbackState : IDisposable
{
    private GCHandle _self;
    private System.Runtime.ExceptionServices.ExceptionDispatchInfo? _fault;

    protected CallbackState() => _self = GCHandle.Alloc(this);

    /// <summary>Value for <c>user_data</c>; valid until this is disposed.</summary>
    internal nint UserData => GCHandle.ToIntPtr(_self);

    /// <summary>Whether the callback threw.</summary>
    internal bool IsFaulted => Volatile.Read(ref _fault) is not null;

    /// <summary>Rethrows the first exception of the callback, once, with its stack.</summary>
    internal void ThrowIfFaulted() => Interlocked.Exchange(ref _fault, null)?.Throw();

    /// <summary>Releases the state; the native side must not call any more.</summary>
    public void Dispose()
    {
        if (_self.IsAllocated)
            _self.Free();
    }

    /// <summary>Keeps the first exception for the caller.</summary>
    protected void Park(Exception exception) =>
        Interlocked.CompareExchange(ref _fault, System.Runtime.ExceptionServices.ExceptionDispatchInfo.Capture(exception), null);

    protected static T From<T>(nint userData) where T : CallbackState => (T)GCHandle.FromIntPtr(userData).Target!;
}
