using System.CommandLine;
using LoraBridge.Cli.Options;
using LoraBridge.Cli.Progress;
using LoraBridge.Finetuning;

namespace LoraBridge.Cli.Commands.Adapters;

/// <summary>Writes an adapter in another type.</summary>
internal sealed class RequantizeCommand : AdapterWritingCommand
{
    private readonly Option<string> _adapter = ModelOptions.OneAdapter();

    internal RequantizeCommand(CommandHost host) : base(host, "requantize", "Write an adapter in another type; alpha and ranks stay.") => Add(_adapter);

    protected override AdapterArithmeticResult Write(
        CommandSession session, string path, AdapterWriteOptions options, IProgress<ProgressEvent> progress) =>
        AdapterArithmetic.Requantize(session.Required(_adapter), path, options);
}
