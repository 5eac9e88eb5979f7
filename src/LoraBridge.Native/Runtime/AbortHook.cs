using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace LoraBridge.Native;

/// <summary>
/// A failed native assertion ends the process, and no hook can prevent it. This one leaves the message on the error stream, and says
/// which project to report it to.
/// </summary>
internal static unsafe class AbortHook
{
    internal static void Install() => Ggml.ggml_set_abort_callback(&OnAbort);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnAbort(byte* message)
    {
        try
        {
            var text = Marshal.PtrToStringUTF8((nint)message);
            var log = string.Concat(NativeLog.Tail().Select(line => $"{Environment.NewLine}  {line}"));
            using var error = new StreamWriter(new FileStream(OperatingSystems.StandardError, FileAccess.Write));
            error.WriteLine($"LoraBridge: a native assertion failed, the process ends: {text}{log}");
        }
        catch (Exception)
        {
            // The process is about to end; nobody is left to tell.
            return;
        }
    }
}
