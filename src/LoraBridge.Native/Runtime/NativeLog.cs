using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;

namespace LoraBridge.Native;

/// <summary>
/// Receives everything that llama.cpp and ggml log: forwards it to an <see cref="ILogger"/>, and remembers the latest warnings and
/// errors of each thread, so that an exception can say what the native side reported.
/// </summary>
internal static unsafe class NativeLog
{
    private const int Capacity = 16;

    private static ILogger? s_logger;

    [ThreadStatic] private static Queue<string>? t_recent;
    [ThreadStatic] private static string? t_pending;
    [ThreadStatic] private static GgmlLogLevel t_level;

    /// <summary>Whether what this thread's native calls log is dropped: for calls that are made to fail.</summary>
    [field: ThreadStatic]
    internal static bool IsQuiet { get; set; }

    /// <summary>Routes the native log here, and on to <paramref name="logger"/> (null: nowhere).</summary>
    internal static void Attach(ILogger? logger)
    {
        Volatile.Write(ref s_logger, logger);
        Ggml.ggml_log_set(&OnMessage, 0);
        Llama.llama_log_set(&OnMessage, 0);
    }

    /// <summary>The latest warnings and errors logged on this thread, oldest first; forgets them.</summary>
    internal static IReadOnlyList<string> Tail()
    {
        var recent = t_recent;
        if (recent is null || recent.Count == 0)
            return [];
        var tail = recent.ToArray();
        recent.Clear();
        return tail;
    }

    /// <summary>Forgets this thread's messages: called before an operation whose failure shall be explained.</summary>
    internal static void Clear() => t_recent?.Clear();

    /// <summary>Takes a message in pieces: a piece without a line end is continued by the next ones.</summary>
    internal static void Append(GgmlLogLevel level, string text)
    {
        if (level != GgmlLogLevel.Cont)
        {
            Flush();
            t_level = level;
        }
        t_pending += text;
        if (t_pending.EndsWith('\n'))
            Flush();
    }

    private static void Flush()
    {
        var line = t_pending?.Trim();
        t_pending = null;
        if (string.IsNullOrEmpty(line) || IsQuiet)
            return;
        if (t_level is GgmlLogLevel.Warn or GgmlLogLevel.Error)
        {
            var recent = t_recent ??= new Queue<string>(Capacity);
            if (recent.Count == Capacity)
                recent.Dequeue();
            recent.Enqueue(line);
        }
        Forward(line);
    }

    private static void Forward(string line)
    {
        if (Volatile.Read(ref s_logger) is not { } logger)
            return;
        var level = t_level switch
        {
            GgmlLogLevel.Error => LogLevel.Error,
            GgmlLogLevel.Warn => LogLevel.Warning,
            GgmlLogLevel.Info => LogLevel.Debug,
            _ => LogLevel.Trace,
        };
        logger.Log(level, default, line, null, static (state, _) => state);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnMessage(GgmlLogLevel level, byte* text, nint userData)
    {
        try
        {
            Append(level, Marshal.PtrToStringUTF8((nint)text) ?? "");
        }
        catch (Exception)
        {
            // A logger that throws must not unwind native frames: that ends the process.
            t_pending = null;
        }
    }
}
