using Microsoft.Extensions.Logging;

namespace LoraBridge.Cli.Output;

/// <summary>Writes what the native libraries log, a line each.</summary>
internal sealed class TextLogger(TextWriter writer) : ILogger
{
    private readonly Lock _gate = new();

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        ArgumentNullException.ThrowIfNull(formatter);
        lock (_gate)
            writer.WriteLine($"{Name(logLevel)}: {formatter(state, exception)}");
    }

    private static string Name(LogLevel level) => level switch
    {
        LogLevel.Warning => "warning",
        LogLevel.Error or LogLevel.Critical => "native error",
        _ => "log",
    };
}
