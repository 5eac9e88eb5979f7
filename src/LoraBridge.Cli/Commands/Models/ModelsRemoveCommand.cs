using System.CommandLine;
using LoraBridge.Cli.Output;

namespace LoraBridge.Cli.Commands.Models;

/// <summary>Removes a model from the cache.</summary>
internal sealed class ModelsRemoveCommand : ToolCommand
{
    private readonly Argument<string> _model = ModelsCommand.Model();

    internal ModelsRemoveCommand(CommandHost host) : base(host, "remove", "Remove a model from the cache, which other tools share.") => Add(_model);

    protected override async Task<int> ExecuteAsync(CommandSession session)
    {
        var id = session.Required(_model);
        var freed = await session.Store.RemoveAsync(id, session.CancellationToken);
        session.Report(
            json =>
            {
                json.WriteString("id", id);
                json.WriteNumber("freedBytes", freed);
            },
            console => console.Write(PlainConsole.Facts(("removed", id), ("freed", Units.Bytes(freed)))));
        return ExitCode.Done;
    }
}
