namespace LoraBridge.Model.Store;

/// <summary>A lock that other processes see, and that the system takes from a process that ends, however it ends.</summary>
internal static class StoreLock
{
    /// <summary>EWOULDBLOCK of Linux and of macOS, and sharing and lock violations of Windows.</summary>
    private static readonly int[] HeldCodes = [11, 35, unchecked((int)0x80070020), unchecked((int)0x80070021)];

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    /// <summary>Takes the lock, and waits while another holds it.</summary>
    /// <param name="path">The file that stands for it; it stays.</param>
    /// <param name="clock">Waits.</param>
    /// <param name="waiting">Called once if another holds it.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <exception cref="IOException">The file cannot be made.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder may not be written to.</exception>
    internal static async Task<IDisposable> TakeAsync(string path, TimeProvider clock, Action waiting, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        for (var told = false; ; told = true)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
            }
            catch (IOException held) when (HeldCodes.Contains(held.HResult))
            {
                if (!told)
                    waiting();
            }
            await Task.Delay(Interval, clock, cancellationToken);
        }
    }
}
