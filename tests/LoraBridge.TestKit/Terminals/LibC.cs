using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace LoraBridge.TestKit.Terminals;

/// <summary>What a pseudo-terminal needs of the C library of Linux; the numbers are those of its headers on x64 and arm64, glibc and musl.</summary>
internal static class LibC
{
    internal const int ReadWrite = 2, NoControllingTerminal = 0x100, CloseOnExec = 0x80000;
    internal const short SetSignalDefaults = 0x04, SetSignalMask = 0x08, SetSession = 0x80;
    internal const int Interrupt = 2, Quit = 3, Kill = 9;
    internal const nuint SetWindowSize = 0x5414;

    /// <summary>More bytes than <c>posix_spawnattr_t</c>, <c>posix_spawn_file_actions_t</c> and <c>sigset_t</c> have anywhere.</summary>
    internal const int StructureSize = 512;

    private const string Library = "libc";

    [DllImport(Library, SetLastError = true)]
    internal static extern SafeFileHandle posix_openpt(int flags);

    [DllImport(Library, SetLastError = true)]
    internal static extern int grantpt(SafeFileHandle master);

    [DllImport(Library, SetLastError = true)]
    internal static extern int unlockpt(SafeFileHandle master);

    [DllImport(Library)]
    internal static extern int ptsname_r(SafeFileHandle master, byte[] name, nuint size);

    /// <summary>Sets rows, columns and two sizes in pixels.</summary>
    [DllImport(Library, SetLastError = true)]
    internal static extern int ioctl(SafeFileHandle master, nuint request, ushort[] size);

    [DllImport(Library)]
    internal static extern int posix_spawn_file_actions_init(byte[] actions);

    [DllImport(Library)]
    internal static extern int posix_spawn_file_actions_addopen(byte[] actions, int descriptor, byte[] path, int flags, uint mode);

    [DllImport(Library)]
    internal static extern int posix_spawn_file_actions_adddup2(byte[] actions, int descriptor, int copy);

    [DllImport(Library)]
    internal static extern int posix_spawn_file_actions_destroy(byte[] actions);

    [DllImport(Library)]
    internal static extern int posix_spawnattr_init(byte[] attributes);

    [DllImport(Library)]
    internal static extern int posix_spawnattr_setflags(byte[] attributes, short flags);

    [DllImport(Library)]
    internal static extern int posix_spawnattr_setsigdefault(byte[] attributes, byte[] signals);

    [DllImport(Library)]
    internal static extern int posix_spawnattr_setsigmask(byte[] attributes, byte[] signals);

    [DllImport(Library)]
    internal static extern int posix_spawnattr_destroy(byte[] attributes);

    [DllImport(Library)]
    internal static extern int sigemptyset(byte[] signals);

    [DllImport(Library)]
    internal static extern int sigaddset(byte[] signals, int signal);

    [DllImport(Library)]
    internal static extern int posix_spawnp(
        out int process, [MarshalAs(UnmanagedType.LPUTF8Str)] string file, byte[] actions, byte[] attributes,
        [MarshalAs(UnmanagedType.LPArray, ArraySubType = UnmanagedType.LPStr)] string?[] arguments,
        [MarshalAs(UnmanagedType.LPArray, ArraySubType = UnmanagedType.LPStr)] string?[] environment);

    [DllImport(Library, SetLastError = true)]
    internal static extern int waitpid(int process, out int status, int options);

    [DllImport(Library)]
    internal static extern int kill(int process, int signal);
}
