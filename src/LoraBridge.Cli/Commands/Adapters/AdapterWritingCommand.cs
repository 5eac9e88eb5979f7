using System.CommandLine;
using System.Globalization;
using LoraBridge.Cli.Options;
using LoraBridge.Cli.Output;
using LoraBridge.Cli.Progress;
using LoraBridge.Finetuning;
using LoraBridge.Formats;
using Spectre.Console;

namespace LoraBridge.Cli.Commands.Adapters;

/// <summary>A command that writes an adapter and says what became of each tensor.</summary>
internal abstract class AdapterWritingCommand : ToolCommand
{
    private readonly Option<string> _output = new("--output", "-o") { Description = "Adapter to write.", HelpName = "OUT", Required = true };
    private readonly Option<string?> _type = new Option<string?>("--type")
    {
        Description = "Type of the matrices; f32 unless given.",
    }.AcceptOnlyFromAmong("f32", "f16", "bf16", "q8_0");
    private readonly Option<bool> _force = new("--force") { Description = "Replace a file that exists." };

    protected AdapterWritingCommand(CommandHost host, string name, string description) : base(host, name, description)
    {
        Add(_output);
        Add(_type);
        Add(_force);
    }

    /// <summary>Writes the adapter.</summary>
    /// <param name="session">The arguments.</param>
    /// <param name="path">Where it goes.</param>
    /// <param name="options">Its type, and whether a file may be replaced.</param>
    /// <param name="progress">Told how far it is.</param>
    protected abstract AdapterArithmeticResult Write(
        CommandSession session, string path, AdapterWriteOptions options, IProgress<ProgressEvent> progress);

    protected sealed override Task<int> ExecuteAsync(CommandSession session)
    {
        var options = new AdapterWriteOptions { Type = Enum.Parse<GgmlType>(session.Value(_type) ?? "f32", ignoreCase: true), Overwrite = session.Value(_force) };
        var result = session.WithProgress(progress => Write(session, session.Required(_output), options, progress));
        session.Report(
            json =>
            {
                json.WriteString("adapter", result.Path);
                json.WriteNumber("rank", result.Rank);
                json.WriteNumber("bytes", result.Bytes);
                json.WriteFinite("minRetainedEnergy", result.MinimumRetainedEnergy);
                json.WriteObjects("tensors", result.Tensors, tensor =>
                {
                    json.WriteString("name", tensor.Name);
                    json.WriteNumber("rank", tensor.Rank);
                    json.WriteFinite("retainedEnergy", tensor.RetainedEnergy);
                });
                json.WriteStrings("skipped", result.Skipped);
            },
            console =>
            {
                if (result.MinimumRetainedEnergy < 1)
                    console.Write(Energies(result));
                console.Write(PlainConsole.Facts(
                    ("written", result.Path),
                    ("tensors", Units.Count(result.Tensors.Count)),
                    ("rank", Units.Count(result.Rank)),
                    ("energy", string.Create(CultureInfo.InvariantCulture, $"at least {result.MinimumRetainedEnergy:0.00%} of each tensor's is retained")),
                    ("size", Units.Bytes(result.Bytes)),
                    ("skipped", result.Skipped.Count == 0 ? null : string.Join(", ", result.Skipped))));
            });
        return Task.FromResult(ExitCode.Done);
    }

    private static Table Energies(AdapterArithmeticResult result)
    {
        var table = new Table().Border(TableBorder.Simple).AddColumns("tensor", "rank", "retained energy");
        foreach (var tensor in result.Tensors)
        {
            table.AddRow(
                new Text(tensor.Name),
                new Text(tensor.Rank.ToString(CultureInfo.InvariantCulture)),
                new Text(tensor.RetainedEnergy.ToString("0.00%", CultureInfo.InvariantCulture)));
        }

        return table;
    }
}
