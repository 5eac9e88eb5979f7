using System.CommandLine;
using LoraBridge.Cli.Options;
using LoraBridge.Cli.Progress;
using LoraBridge.Finetuning;
using LoraBridge.Model;

namespace LoraBridge.Cli.Commands.Adapters;

/// <summary>Makes an adapter of what distinguishes two models.</summary>
internal sealed class ExtractCommand : AdapterWritingCommand
{
    private readonly Option<string> _model = ModelOptions.Model();
    private readonly Option<string> _finetuned = new("--finetuned") { Description = "GGUF model made from the base.", HelpName = "MODEL", Required = true };
    private readonly Option<int?> _rank = NumberOption.Integer(["--rank"], "Rank of the adapter; 16 unless given.", 1);

    internal ExtractCommand(CommandHost host) : base(host, "extract", "Make the adapter that turns a base into a model finetuned from it.")
    {
        Add(_model);
        Add(_finetuned);
        Add(_rank);
    }

    protected override AdapterArithmeticResult Write(
        CommandSession session, string path, AdapterWriteOptions options, IProgress<ProgressEvent> progress) => AdapterArithmetic.Extract(
            session.ModelPath(session.Required(_model), progress),
            session.ModelPath(session.Required(_finetuned), progress),
            path,
            session.Value(_rank) ?? 16,
            options,
            new InlineProgress<OperationProgress>(state => progress.Report(new ProgressEvent("extracting", state.Fraction))),
            session.CancellationToken);
}
