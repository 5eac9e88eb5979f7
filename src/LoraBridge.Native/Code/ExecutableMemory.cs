using System.Runtime.InteropServices;

namespace LoraBridge.Native.Code;

/// <summary>How pages of code come to be executable without ever being writable at the same time.</summary>
internal enum CodePages
{
    /// <summary>Written first, then protected from writing and made executable.</summary>
    Protected,

    /// <summary>Two views of one piece of memory without a file: for kernels that never let pages become executable (PR_SET_MDWE, SELinux).</summary>
    TwoViews,
}

/// <summary>Machine code in memory: written once, and from then on only executed.</summary>
internal sealed unsafe partial class ExecutableMemory : SafeHandle
{
    private const int Read = 1, Write = 2, Execute = 4;
    private const int Shared = 1, Private = 2;
    private const uint CloseOnExec = 1;
    private const uint WindowsCommit = 0x3000, WindowsRelease = 0x8000, WindowsReadWrite = 0x04, WindowsExecuteRead = 0x20;
    private const int Page = 1 << 16;

    private static readonly nint Failed = -1;

    private readonly nuint _size;

    private ExecutableMemory(nint address, nuint size) : base(0, ownsHandle: true)
    {
        _size = size;
        SetHandle(address);
    }

    public override bool IsInvalid => handle == 0;

    /// <summary>Where the code starts; it can be called for as long as this lives.</summary>
    internal nint Address => handle;

    /// <summary>Loads position-independent code.</summary>
    /// <param name="code">The code.</param>
    /// <param name="pages">How; null tries one after the other.</param>
    /// <returns>Null where the system lets no program make code.</returns>
    internal static ExecutableMemory? TryLoad(ReadOnlySpan<byte> code, CodePages? pages = null)
    {
        var size = (nuint)((code.Length + Page - 1) / Page * Page);
        var address = (nint)0;
        if (OperatingSystem.IsWindows())
            address = pages == CodePages.TwoViews ? 0 : LoadOnWindows(code, size);
        else
        {
            if (pages != CodePages.TwoViews)
                address = LoadProtected(code, size);
            if (address == 0 && pages != CodePages.Protected && OperatingSystem.IsLinux())
                address = LoadThroughTwoViews(code, size);
        }
        return address == 0 ? null : new ExecutableMemory(address, size);
    }

    protected override bool ReleaseHandle() => OperatingSystem.IsWindows() ? VirtualFree(handle, 0, WindowsRelease) : munmap(handle, _size) == 0;

    private static nint LoadProtected(ReadOnlySpan<byte> code, nuint size)
    {
        var anonymous = OperatingSystem.IsMacOS() ? 0x1000 : 0x20;
        var pages = mmap(0, size, Read | Write, Private | anonymous, -1, 0);
        if (pages == Failed)
            return 0;
        code.CopyTo(new Span<byte>((void*)pages, code.Length));
        if (mprotect(pages, size, Read | Execute) == 0)
            return pages;
        _ = munmap(pages, size);
        return 0;
    }

    private static nint LoadThroughTwoViews(ReadOnlySpan<byte> code, nuint size)
    {
        var file = memfd_create("lorabridge-code", CloseOnExec);
        if (file < 0)
            return 0;
        try
        {
            if (ftruncate(file, (nint)size) != 0)
                return 0;
            var writable = mmap(0, size, Read | Write, Shared, file, 0);
            if (writable == Failed)
                return 0;
            code.CopyTo(new Span<byte>((void*)writable, code.Length));
            _ = munmap(writable, size);
            var executable = mmap(0, size, Read | Execute, Shared, file, 0);
            return executable == Failed ? 0 : executable;
        }
        finally
        {
            _ = close(file);
        }
    }

    private static nint LoadOnWindows(ReadOnlySpan<byte> code, nuint size)
    {
        const nint CurrentProcess = -1;
        var pages = VirtualAlloc(0, size, WindowsCommit, WindowsReadWrite);
        if (pages == 0)
            return 0;
        code.CopyTo(new Span<byte>((void*)pages, code.Length));
        if (VirtualProtect(pages, size, WindowsExecuteRead, out _) && FlushInstructionCache(CurrentProcess, pages, size))
            return pages;
        _ = VirtualFree(pages, 0, WindowsRelease);
        return 0;
    }

    [LibraryImport("libc")]
    private static partial nint mmap(nint address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc")]
    private static partial int mprotect(nint address, nuint length, int protection);

    [LibraryImport("libc")]
    private static partial int munmap(nint address, nuint length);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int memfd_create(string name, uint flags);

    [LibraryImport("libc")]
    private static partial int ftruncate(int file, nint length);

    [LibraryImport("libc")]
    private static partial int close(int file);

    [LibraryImport("kernel32")]
    private static partial nint VirtualAlloc(nint address, nuint size, uint type, uint protection);

    [LibraryImport("kernel32")]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool VirtualProtect(nint address, nuint size, uint protection, out uint before);

    [LibraryImport("kernel32")]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool VirtualFree(nint address, nuint size, uint type);

    [LibraryImport("kernel32")]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool FlushInstructionCache(nint process, nint address, nuint size);
}
