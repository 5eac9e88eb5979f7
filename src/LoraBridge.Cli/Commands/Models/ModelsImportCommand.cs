using System.CommandLine;

namespace LoraBridge.Cli.Commands.Models;

/// <summary>Gives a file of the user's own a name.</summary>
internal sealed class ModelsImportCommand : ToolCommand
{
    private readonly Argument<string> _source = new("SOURCE") { Description = "GGUF model, the first of several files, or ollama:name[:tag]." };
    private readonly Option<string?> _as = new("--as") { Description = "The name it gets; not needed for a file that the catalogue knows.", HelpName = "FAMILY[:SIZE]" };

    internal ModelsImportCommand(CommandHost host) : base(host, "import", "Copy a model into the cache and give it a name.")
    {
        Add(_source);
        Add(_as);
    }

    protected override Task<int> ExecuteAsync(CommandSession session)
    {
        session.Report(session.WithDownload(progress => session.Store.ImportAsync(
            session.Required(_source), session.Value(_as), progress, session.CancellationToken)));
        return Task.FromResult(ExitCode.Done);
    }
}
