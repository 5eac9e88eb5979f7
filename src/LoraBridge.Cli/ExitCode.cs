namespace LoraBridge.Cli;

/// <summary>What the tool returns to the shell.</summary>
internal static class ExitCode
{
    internal const int Done = 0;
    internal const int Failed = 1;
    internal const int WrongUsage = 2;

    /// <summary>128 + SIGINT, as shells have it.</summary>
    internal const int Cancelled = 130;
}
