using System.Diagnostics;
using System.Runtime.InteropServices;

namespace LoraBridge.Native;

/// <summary>The libraries that are in this process already, whoever loaded them.</summary>
internal static partial class LoadedModules
{
    private const string SystemLibrary = "libSystem.dylib";

    /// <summary>Their files.</summary>
    internal static IReadOnlyList<string> Paths
    {
        get
        {
            if (OperatingSystem.IsMacOS())
                return [.. Enumerable.Range(0, (int)_dyld_image_count()).Select(i => Marshal.PtrToStringUTF8(_dyld_get_image_name((uint)i)) ?? "")];
            using var process = Process.GetCurrentProcess();
            return [.. process.Modules.Cast<ProcessModule>().Select(module => module.FileName).Distinct()];
        }
    }

    /// <summary>The llama.cpp among them; null when there is none. It is complete when its own loader found all it needs, so that only names count.</summary>
    internal static NativeFiles? Llama => NativeFiles.Pick(Paths.Where(File.Exists), NativeFiles.SystemExtension, out _);

    // Process.Modules is empty on macOS.
    [LibraryImport(SystemLibrary)]
    private static partial uint _dyld_image_count();

    [LibraryImport(SystemLibrary)]
    private static partial nint _dyld_get_image_name(uint image_index);
}
