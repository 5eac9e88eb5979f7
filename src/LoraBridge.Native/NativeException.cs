namespace LoraBridge;

/// <summary>A native call failed. The message says what was attempted and ends with what the native libraries logged.</summary>
public sealed class NativeException : Exception
{
    /// <summary>A failure without further explanation.</summary>
    public NativeException() : this("A native call failed.") { }

    /// <summary>A failure described by <paramref name="message"/>; the latest native warnings and errors are added to it.</summary>
    /// <param name="message">What was attempted, and with what.</param>
    public NativeException(string message) : this(message, innerException: null) { }

    /// <summary>A failure described by <paramref name="message"/> and caused by <paramref name="innerException"/>.</summary>
    /// <param name="message">What was attempted, and with what.</param>
    /// <param name="innerException">The cause, or null.</param>
    public NativeException(string message, Exception? innerException) : this(message, Native.NativeLog.Tail(), innerException) { }

    internal NativeException(string message, IReadOnlyList<string> nativeLog, Exception? innerException = null)
        : base(nativeLog.Count == 0 ? message : $"{message}{Environment.NewLine}Native log: {string.Join(Environment.NewLine, nativeLog)}", innerException)
    {
        NativeLog = nativeLog;
    }

    /// <summary>What the native libraries logged last on the failing thread, oldest first; empty when they were silent.</summary>
    public IReadOnlyList<string> NativeLog { get; }
}
