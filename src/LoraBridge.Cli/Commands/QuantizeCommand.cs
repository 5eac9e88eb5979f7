using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using LoraBridge.Cli.Options;
using LoraBridge.Cli.Output;
using LoraBridge.Cli.Progress;
using LoraBridge.Finetuning;
using LoraBridge.Model;

namespace LoraBridge.Cli.Commands;

/// <summary>Writes a model in another type.</summary>
internal sealed class QuantizeCommand : ToolCommand
{
    private readonly Option<string> _model = ModelOptions.Model();
    private readonly Option<string> _output = new("--output", "-o") { Description = "Model to write.", HelpName = "OUT", Required = true };
    private readonly Option<MergeOutputType> _type = OutputTypeOption.Recipe();
    private readonly Option<string?> _importance = ModelOptions.ImportanceMatrix();
    private readonly Option<bool> _force = new("--force") { Description = "Replace a file that exists." };

    internal QuantizeCommand(CommandHost host) : base(host, "quantize", "Write a model in another type, by llama.cpp's recipes.")
    {
        Add(_model);
        Add(_output);
        Add(_type);
        Add(_importance);
        Add(_force);
    }

    protected override Task<int> ExecuteAsync(CommandSession session)
    {
        var output = Path.GetFullPath(session.Required(_output));
        var model = session.ModelPath(session.Required(_model));
        var watch = Stopwatch.StartNew();
        session.WithProgress(progress =>
        {
            progress.Report(new ProgressEvent("quantizing"));
            ModelQuantizer.Quantize(model, output, session.Required(_type), session.Value(_force), session.Value(_importance));
            return true;
        });
        var (bytes, seconds) = (new FileInfo(output).Length, watch.Elapsed.TotalSeconds);
        session.Report(
            json =>
            {
                json.WriteNumber("outputBytes", bytes);
                json.WriteFinite("seconds", seconds);
            },
            console => console.Write(PlainConsole.Facts(
                ("written", output),
                ("size", Units.Bytes(bytes)),
                ("time", string.Create(CultureInfo.InvariantCulture, $"{seconds:0.0} s")))));
        return Task.FromResult(ExitCode.Done);
    }
}
