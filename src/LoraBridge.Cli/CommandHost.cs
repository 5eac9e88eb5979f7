using System.CommandLine;
using LoraBridge.Cli.Options;
using LoraBridge.Cli.Output;

namespace LoraBridge.Cli;

/// <summary>Runs commands: gives them a session, and turns what they throw into one line and an exit code.</summary>
internal sealed class CommandHost(Terminal terminal, SharedOptions shared, CancellationToken cancellationToken)
{
    internal async Task<int> RunAsync(ParseResult arguments, Func<CommandSession, Task<int>> execute)
    {
        var session = new CommandSession(terminal, shared, arguments, cancellationToken);
        try
        {
            return await execute(session);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            await terminal.Error.WriteLineAsync("cancelled");
            return ExitCode.Cancelled;
        }
        catch (UsageException misuse)
        {
            await terminal.Error.WriteLineAsync($"error: {OneLine.Of(misuse.Message)}");
            return ExitCode.WrongUsage;
        }
        catch (Exception failure)
        {
            await terminal.Error.WriteLineAsync($"error: {Failure.Describe(failure, arguments.CommandResult.Command.Name)}");
            if (session.IsVerbose)
                await terminal.Error.WriteLineAsync(failure.ToString());
            return ExitCode.Failed;
        }
    }
}

/// <summary>Options that are right one by one, but not together.</summary>
internal sealed class UsageException(string message) : Exception(message);
