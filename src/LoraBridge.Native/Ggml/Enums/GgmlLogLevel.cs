namespace LoraBridge.Native;

/// <summary>Severity of a native log message (<c>ggml_log_level</c>).</summary>
internal enum GgmlLogLevel
{
    None = 0,
    Debug = 1,
    Info = 2,
    Warn = 3,
    Error = 4,
    Cont = 5,
}
