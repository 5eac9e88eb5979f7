using System.CommandLine;
using LoraBridge.Cli.Options;
using LoraBridge.Cli.Output;
using LoraBridge.Finetuning;

namespace LoraBridge.Cli.Commands;

/// <summary>Converts adapters of other libraries, and back.</summary>
internal sealed class ConvertCommand : ToolCommand
{
    private readonly Option<string?> _from = new Option<string?>("--from")
    {
        Description = "The library whose adapter becomes a GGUF file.",
    }.AcceptOnlyFromAmong("peft", "mlx");
    private readonly Option<string?> _to = new Option<string?>("--to")
    {
        Description = "The library for which a GGUF adapter is written.",
    }.AcceptOnlyFromAmong("peft");
    private readonly Argument<string> _source = new("SOURCE") { Description = "The folder of the library's adapter, or the GGUF adapter." };
    private readonly Option<string> _model = ModelOptions.Model();
    private readonly Option<string> _output = new("--output", "-o") { Description = "Adapter to write, or the folder for it.", HelpName = "OUT", Required = true };

    internal ConvertCommand(CommandHost host) : base(host, "convert", "Convert an adapter from PEFT or MLX, or to PEFT.")
    {
        Add(_from);
        Add(_to);
        Add(_source);
        Add(_model);
        Add(_output);
        Validators.Add(result =>
        {
            if ((result.GetResult(_from) is null) == (result.GetResult(_to) is null))
                result.AddError("Give either --from peft|mlx or --to peft.");
        });
    }

    protected override Task<int> ExecuteAsync(CommandSession session)
    {
        var (source, model, output) = (session.Required(_source), session.ModelPath(session.Required(_model)), session.Required(_output));
        var result = session.Value(_from) switch
        {
            "peft" => AdapterConversion.FromPeft(source, model, output, overwrite: true),
            "mlx" => AdapterConversion.FromMlx(source, model, output, overwrite: true),
            _ => AdapterConversion.ToPeft(source, model, output, overwrite: true),
        };
        if (result.Skipped.Count > 0)
            session.Terminal.Error.WriteLine($"not converted: {string.Join(", ", result.Skipped)}");
        session.Report(
            json =>
            {
                json.WriteNumber("tensors", result.TensorCount);
                json.WriteNumber("rank", result.Rank);
                json.WriteFinite("alpha", result.Alpha);
                json.WriteStrings("skipped", result.Skipped);
            },
            console => console.Write(PlainConsole.Facts(
                ("written", result.Path),
                ("tensors", Units.Count(result.TensorCount)),
                ("rank", Units.Count(result.Rank)),
                ("alpha", Units.Fixed(result.Alpha)))));
        return Task.FromResult(ExitCode.Done);
    }
}
