using System.Diagnostics;
using System.Globalization;
using LoraBridge.TestKit;

namespace LoraBridge.Tests.Merging;

/// <summary>A disk in memory with so little space that a test can fill it.</summary>
internal sealed class SmallDisk : IDisposable
{
    private readonly TemporaryFolder _folder;

    private SmallDisk(TemporaryFolder folder) => _folder = folder;

    internal string Path => _folder.FullName;

    internal string this[string name] => _folder[name];

    /// <summary>Mounts one; skips the test where that is not permitted.</summary>
    internal static SmallDisk Mount(int megabytes)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux mounts disks in memory.");
        var folder = new TemporaryFolder();
        var size = megabytes.ToString(CultureInfo.InvariantCulture);
        if (Run("mount", "-t", "tmpfs", "-o", $"size={size}m", "lorabridge", folder.FullName) != 0)
        {
            folder.Dispose();
            Assert.Skip("This user may not mount a disk in memory.");
        }

        return new SmallDisk(folder);
    }

    /// <summary>Writes a file of all the space that is left.</summary>
    internal void Fill(string name)
    {
        using var stream = new FileStream(this[name], FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0);
        try
        {
            for (var block = new byte[4096]; ;)
                stream.Write(block);
        }
        catch (IOException)
        {
            // Full, as it shall be.
        }
    }

    public void Dispose()
    {
        Run("umount", Path);
        _folder.Dispose();
    }

    private static int Run(string command, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(command, arguments) { RedirectStandardError = true })!;
            process.WaitForExit();
            return process.ExitCode;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return -1;
        }
    }
}
