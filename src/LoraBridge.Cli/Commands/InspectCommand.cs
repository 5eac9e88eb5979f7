using System.CommandLine;
using System.Globalization;
using LoraBridge.Cli.Output;
using LoraBridge.Model;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace LoraBridge.Cli.Commands;

/// <summary>Shows what a file says about itself, without loading it.</summary>
internal sealed class InspectCommand : ToolCommand
{
    private readonly Argument<string> _file = new("FILE") { Description = "GGUF model or adapter." };
    private readonly Option<bool> _tensors = new("--tensors") { Description = "List the tensors, too; JSON always does." };

    internal InspectCommand(CommandHost host) : base(host, "inspect", "Show what a model or adapter file holds.")
    {
        Add(_file);
        Add(_tensors);
    }

    protected override Task<int> ExecuteAsync(CommandSession session)
    {
        var file = ModelFileInfo.Read(session.Required(_file));
        session.Report(
            json =>
            {
                json.WriteString("kind", JsonOutput.CamelCase(file.Kind));
                json.WriteString("architecture", file.Architecture);
                json.WriteNumber("parameters", file.ParameterCount);
                json.WriteString("quantization", file.QuantizationType);
                json.WriteFinite("contextLength", file.ContextLength);
                json.WriteFinite("rank", file.Adapter?.Rank);
                json.WriteFinite("alpha", file.Adapter?.Alpha);
                json.WriteStrings("targets", file.Adapter?.TargetModules ?? []);
                if (file.Adapter is { InvocationTokens.Count: > 0 } activated)
                {
                    json.WriteStartArray("invocationTokens");
                    foreach (var token in activated.InvocationTokens)
                        json.WriteNumberValue(token);
                    json.WriteEndArray();
                }
                json.WriteObjects("tensors", file.Tensors, tensor =>
                {
                    json.WriteString("name", tensor.Name);
                    json.WriteString("type", tensor.Type);
                    json.WriteStartArray("shape");
                    foreach (var extent in tensor.Shape)
                        json.WriteNumberValue(extent);
                    json.WriteEndArray();
                });
            },
            console =>
            {
                console.Write(Facts(file));
                if (session.Value(_tensors))
                    console.Write(Tensors(file));
            });
        return Task.FromResult(ExitCode.Done);
    }

    private static IRenderable Facts(ModelFileInfo file) => PlainConsole.Facts(
        ("file", file.Path),
        ("kind", JsonOutput.CamelCase(file.Kind)),
        ("architecture", file.Architecture),
        ("parameters", Units.Count(file.ParameterCount)),
        ("quantization", file.QuantizationType),
        ("context length", file.ContextLength is { } length ? Units.Count(length) : null),
        ("rank", file.Adapter?.Rank.ToString(CultureInfo.InvariantCulture)),
        ("alpha", file.Adapter?.Alpha.ToString(CultureInfo.InvariantCulture)),
        ("targets", file.Adapter is { } adapter ? string.Join(", ", adapter.TargetModules) : null),
        ("acts after", file.Adapter is { InvocationTokens.Count: > 0 } activated ? $"the tokens {string.Join(", ", activated.InvocationTokens)}" : null),
        ("tensors", Units.Count(file.Tensors.Length)));

    private static Table Tensors(ModelFileInfo file)
    {
        var table = new Table().Border(TableBorder.Simple).AddColumns("tensor", "type", "shape");
        foreach (var tensor in file.Tensors)
            table.AddRow(new Text(tensor.Name), new Text(tensor.Type), new Text($"[{string.Join(", ", tensor.Shape)}]"));
        return table;
    }
}
