using System.CommandLine;
using LoraBridge.Cli.Options;
using LoraBridge.Cli.Progress;
using LoraBridge.Finetuning;

namespace LoraBridge.Cli.Commands.Adapters;

/// <summary>Changes the rank of an adapter.</summary>
internal sealed class ResizeCommand : AdapterWritingCommand
{
    private readonly Option<string> _adapter = ModelOptions.OneAdapter();
    private readonly Option<int?> _rank = NumberOption.Integer(["--rank"], "The new rank.", 1);

    internal ResizeCommand(CommandHost host) : base(host, "resize", "Change the rank of an adapter, keeping its largest singular values.")
    {
        _rank.Required = true;
        Add(_adapter);
        Add(_rank);
    }

    protected override AdapterArithmeticResult Write(
        CommandSession session, string path, AdapterWriteOptions options, IProgress<ProgressEvent> progress) =>
        AdapterArithmetic.Resize(session.Required(_adapter), path, session.Required(_rank)!.Value, options, session.CancellationToken);
}
