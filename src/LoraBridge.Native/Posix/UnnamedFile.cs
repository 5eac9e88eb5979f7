using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace LoraBridge.Native;

/// <summary>
/// A file that has no name yet: however the process ends, killed included, the kernel frees it. Only Linux has such files, and not
/// on every file system. See <c>O_TMPFILE</c> in open(2).
/// </summary>
internal sealed partial class UnnamedFile : IDisposable
{
    private const int ReadWrite = 2;
    private const int CloseOnExec = 0x80000;
    private const int Unnamed = 0x400000;
    private const int CurrentFolder = -100;
    private const int FollowLink = 0x400;
    private const uint ReadableAndWritable = 0b110_110_110;

    private readonly SafeFileHandle _handle;

    private UnnamedFile(SafeFileHandle handle) => _handle = handle;

    /// <summary>A path under which this process, and no other, opens the file.</summary>
    internal string Path => $"/proc/self/fd/{_handle.DangerousGetHandle()}";

    /// <summary>Makes an empty file on the disk of a folder.</summary>
    /// <returns>Null where the system or the folder's file system has no files without a name.</returns>
    internal static UnnamedFile? TryCreate(string folder)
    {
        // The numbers of the flags belong to these processors.
        if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture is not (Architecture.X64 or Architecture.Arm64))
            return null;
        var folderOnly = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 0x10000 : 0x4000;
        var handle = open(folder, ReadWrite | CloseOnExec | Unnamed | folderOnly, ReadableAndWritable);
        if (!handle.IsInvalid)
            return new UnnamedFile(handle);
        handle.Dispose();
        return null;
    }

    /// <summary>Gives the file a name that no other file has.</summary>
    /// <exception cref="IOException">It cannot have this name.</exception>
    internal void Link(string path)
    {
        if (linkat(CurrentFolder, Path, CurrentFolder, path, FollowLink) != 0)
            throw new IOException($"{path} cannot be created: {Marshal.GetLastPInvokeErrorMessage()}.");
    }

    public void Dispose() => _handle.Dispose();

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle open(string path, int flags, uint mode);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int linkat(int oldFolder, string oldPath, int newFolder, string newPath, int flags);
}
