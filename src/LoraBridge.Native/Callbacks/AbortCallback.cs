using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace LoraBridge.Native;

/// <summary>Asked during a computation on the CPU whether it shall end; true aborts it.</summary>
internal sealed unsafe class AbortCallback(Func<bool> shouldAbort) : CallbackState
{
    internal static delegate* unmanaged[Cdecl]<nint, byte> Function => &Invoke;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static byte Invoke(nint userData)
    {
        var state = From<AbortCallback>(userData);
        return state.ShouldAbort() ? (byte)1 : (byte)0;
    }

    private bool ShouldAbort()
    {
        try
        {
            return IsFaulted || shouldAbort();
        }
        catch (Exception e)
        {
            Park(e);
            return true;
        }
    }
}
