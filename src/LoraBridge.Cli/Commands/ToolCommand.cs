using System.CommandLine;

namespace LoraBridge.Cli.Commands;

/// <summary>A command of the tool.</summary>
internal abstract class ToolCommand : Command
{
    protected ToolCommand(CommandHost host, string name, string description) : base(name, description)
    {
        SetAction((arguments, _) => host.RunAsync(arguments, ExecuteAsync));
    }

    /// <summary>Does it.</summary>
    /// <returns>An <see cref="ExitCode"/>.</returns>
    protected abstract Task<int> ExecuteAsync(CommandSession session);
}
