using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace LoraBridge.Native;

/// <summary>
/// Sees every node of a graph that a scheduler computes (<c>cb_eval</c>). Asked first (<c>ask</c> true) whether the node's value is
/// wanted; for wanted nodes called again once it is computed, where false ends the computation.
/// </summary>
internal sealed unsafe class EvaluationCallback(Func<TensorPtr, bool, bool> observe) : CallbackState
{
    internal static delegate* unmanaged[Cdecl]<TensorPtr, byte, nint, byte> Function => &Invoke;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static byte Invoke(TensorPtr tensor, byte ask, nint userData)
    {
        var state = From<EvaluationCallback>(userData);
        return state.Observe(tensor, ask != 0) ? (byte)1 : (byte)0;
    }

    private bool Observe(TensorPtr tensor, bool ask)
    {
        try
        {
            // After a fault the node is asked for, so that the scheduler comes back with it and can be told to stop.
            return IsFaulted ? ask : observe(tensor, ask);
        }
        catch (Exception e)
        {
            Park(e);
            return ask;
        }
    }
}
