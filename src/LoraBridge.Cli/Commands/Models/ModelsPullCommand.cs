using System.CommandLine;
using LoraBridge.Model;

namespace LoraBridge.Cli.Commands.Models;

/// <summary>Downloads a model.</summary>
internal sealed class ModelsPullCommand : ToolCommand
{
    private readonly Argument<string> _model = ModelsCommand.Model();

    internal ModelsPullCommand(CommandHost host) : base(host, "pull", "Download a model; Ctrl-C keeps what has arrived for the next time.") => Add(_model);

    protected override Task<int> ExecuteAsync(CommandSession session)
    {
        session.Report(session.WithDownload(progress => session.Store.PullAsync(session.Required(_model), progress, session.CancellationToken)));
        return Task.FromResult(ExitCode.Done);
    }
}

/// <summary>Says where a model lies.</summary>
internal sealed class ModelsPathCommand : ToolCommand
{
    private readonly Argument<string> _model = ModelsCommand.Model();

    internal ModelsPathCommand(CommandHost host) : base(host, "path", "Print the path of a model that is on this machine.") => Add(_model);

    protected override Task<int> ExecuteAsync(CommandSession session)
    {
        var id = session.Required(_model);
        var model = session.WithDownload(progress => session.Store.FindAsync(id, progress, session.CancellationToken))
            ?? throw new FileNotFoundException($"{id} is not on this machine: 'lorabridge models pull {id}' downloads it.");
        session.Report(json => StoredModelJson.Write(json, model), console => session.Terminal.Out.WriteLine(model.Path));
        return Task.FromResult(ExitCode.Done);
    }
}

/// <summary>Reads a model again.</summary>
internal sealed class ModelsVerifyCommand : ToolCommand
{
    private readonly Argument<string> _model = ModelsCommand.Model();

    internal ModelsVerifyCommand(CommandHost host) : base(host, "verify", "Read a model again and compare its SHA-256.") => Add(_model);

    protected override Task<int> ExecuteAsync(CommandSession session)
    {
        session.Report(session.WithDownload(progress => session.Store.VerifyAsync(session.Required(_model), progress, session.CancellationToken)));
        return Task.FromResult(ExitCode.Done);
    }
}
