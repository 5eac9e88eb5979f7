using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using LoraBridge.Cli.Options;
using LoraBridge.Cli.Output;
using LoraBridge.Cli.Progress;
using LoraBridge.Finetuning;
using LoraBridge.Formats;
using Spectre.Console;

namespace LoraBridge.Cli.Commands;

/// <summary>Merges adapters into a model file.</summary>
internal sealed class MergeCommand : ToolCommand
{
    private readonly Option<string> _model = ModelOptions.Model();
    private readonly Option<AdapterReference[]> _adapters = ModelOptions.Adapters();
    private readonly Option<string> _output = new("--output", "-o") { Description = "Model to write.", HelpName = "OUT", Required = true };
    private readonly Option<MergeOutputType> _type = OutputTypeOption.Create();
    private readonly Option<string?> _importance = ModelOptions.ImportanceMatrix();
    private readonly Option<int?> _partSize = NumberOption.Integer(["--split-max-mb"], "Write several files of at most so many megabytes.", 1);
    private readonly Option<bool> _verify = new("--verify") { Description = "Compare the written model with base and adapters." };
    private readonly Option<bool> _force = new("--force") { Description = "Replace a file that exists." };

    internal MergeCommand(CommandHost host) : base(host, "merge", "Merge adapters into their base model.")
    {
        _adapters.Required = true;
        Add(_model);
        Add(_adapters);
        Add(_output);
        Add(_type);
        Add(_importance);
        Add(_partSize);
        Add(_verify);
        Add(_force);
    }

    protected override Task<int> ExecuteAsync(CommandSession session)
    {
        var adapters = session.Required(_adapters);
        if (adapters.CountBy(adapter => Path.GetFullPath(adapter.Path)).FirstOrDefault(entry => entry.Value > 1).Key is { } twice)
            throw new UsageException($"{twice} is listed twice, expected each adapter once: add up its scales.");
        var merger = new LoraMerger(session.ModelPath(session.Required(_model)))
        {
            Options = new MergeOptions
            {
                OutputType = session.Required(_type),
                ImportanceMatrixPath = session.Value(_importance),
                MaximumPartBytes = session.Value(_partSize) * 1_000_000L,
                Verify = session.Value(_verify),
                Overwrite = session.Value(_force),
                Threads = session.Device.Threads,
            },
        };
        foreach (var adapter in adapters)
            merger.AddLoraAdapter(adapter.Path, adapter.Scale);
        var result = session.WithProgress(progress => merger.Merge(
            session.Required(_output),
            new InlineProgress<MergeProgress>(merging => progress.Report(new ProgressEvent(JsonOutput.CamelCase(merging.Stage), merging.Fraction))),
            session.CancellationToken));
        if (result.Verification is { } verification)
        {
            PlainConsole.For(session.People).Write(Errors(result));
            if (session.IsJson)
                session.People.WriteLine(verification);
        }
        session.Report(
            json => Write(json, result),
            console => console.Write(PlainConsole.Facts(
                ("written", string.Join(", ", result.Paths)),
                ("merged", $"{result.MergedTensors} tensors"),
                ("copied", $"{result.CopiedTensors} tensors"),
                ("size", Units.Bytes(result.OutputBytes)),
                ("time", string.Create(CultureInfo.InvariantCulture, $"{result.Duration.TotalSeconds:0.0} s")),
                ("verdict", result.Verification?.ToString()))));
        return Task.FromResult(ExitCode.Done);
    }

    /// <summary>What each merged tensor has lost by rounding, beside what it has gained.</summary>
    private static Table Errors(MergeResult result)
    {
        var table = new Table().Border(TableBorder.Simple).AddColumns("tensor", "from", "to", "change", "rounding error");
        foreach (var tensor in result.Tensors)
        {
            table.AddRow(
                new Text(tensor.Name), new Text(tensor.SourceType.Name()), new Text(tensor.OutputType.Name()),
                new Text(tensor.RelativeChange.ToString("0.000%", CultureInfo.InvariantCulture)),
                new Text(tensor.QuantizationError.ToString("0.000%", CultureInfo.InvariantCulture)));
        }

        return table;
    }

    private static void Write(Utf8JsonWriter json, MergeResult result)
    {
        json.WriteNumber("mergedTensors", result.MergedTensors);
        json.WriteNumber("copiedTensors", result.CopiedTensors);
        json.WriteNumber("outputBytes", result.OutputBytes);
        json.WriteFinite("seconds", result.Duration.TotalSeconds);
        if (result.Verification is not { } verification)
        {
            json.WriteNull("verify");
            return;
        }
        json.WriteStartObject("verify");
        json.WriteFinite("nmse", verification.NormalizedMeanSquaredError);
        json.WriteFinite("maxAbs", verification.MaximumDifference);
        json.WriteFinite("topTokenAgreement", verification.TopTokenAgreement);
        json.WriteEndObject();
    }
}
