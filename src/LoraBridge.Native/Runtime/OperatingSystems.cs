using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace LoraBridge.Native;

/// <summary>What Windows and macOS are asked directly, as .NET does not tell.</summary>
internal static partial class OperatingSystems
{
    private const int StandardErrorHandle = -12, ProcessorCores = 0;

    /// <summary>The process's error stream, which needs no console, and no console class, to be written to.</summary>
    internal static SafeFileHandle StandardError => new(OperatingSystem.IsWindows() ? GetStdHandle(StandardErrorHandle) : 2, ownsHandle: false);

    /// <summary>The records <c>SYSTEM_LOGICAL_PROCESSOR_INFORMATION_EX</c> of the cores of Windows; empty where it gives none.</summary>
    internal static byte[] WindowsCores()
    {
        var size = 0u;
        _ = GetLogicalProcessorInformationEx(ProcessorCores, [], ref size);
        var records = new byte[size];
        return GetLogicalProcessorInformationEx(ProcessorCores, records, ref size) ? records : [];
    }

    /// <summary>A number that macOS knows by a name; null where it does not.</summary>
    internal static int? MacNumber(string name)
    {
        nuint size = sizeof(int);
        return sysctlbyname(name, out var number, ref size, 0, 0) == 0 ? number : null;
    }

    [LibraryImport("kernel32")]
    private static partial nint GetStdHandle(int which);

    [LibraryImport("kernel32")]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool GetLogicalProcessorInformationEx(int relationship, byte[] records, ref uint size);

    [LibraryImport("libSystem", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int sysctlbyname(string name, out int value, ref nuint size, nint newValue, nuint newSize);
}
