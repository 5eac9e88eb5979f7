using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace LoraBridge.Native;

/// <summary>Progress of loading a model, 0 to 1; answering false stops the load.</summary>
internal sealed unsafe class ProgressCallback(Func<float, bool> report) : CallbackState
{
    internal static delegate* unmanaged[Cdecl]<float, nint, byte> Function => &Invoke;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static byte Invoke(float progress, nint userData)
    {
        var state = From<ProgressCallback>(userData);
        return state.Report(progress) ? (byte)1 : (byte)0;
    }

    private bool Report(float progress)
    {
        try
        {
            return !IsFaulted && report(progress);
        }
        catch (Exception e)
        {
            Park(e);
            return false;
        }
    }
}
