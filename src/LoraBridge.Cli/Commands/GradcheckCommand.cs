using System.CommandLine;
using System.Globalization;
using LoraBridge.Cli.Options;
using LoraBridge.Cli.Output;
using LoraBridge.Cli.Progress;
using LoraBridge.Finetuning;
using LoraBridge.Model;
using Spectre.Console;

namespace LoraBridge.Cli.Commands;

/// <summary>Checks that a model can be trained right.</summary>
internal sealed class GradcheckCommand : ToolCommand
{
    private readonly Option<string> _model = ModelOptions.Model();
    private readonly Option<int?> _context = NumberOption.Integer(["--ctx"], "Tokens of the row that is checked; 32 unless given.", 4);
    private readonly Option<int?> _rank = NumberOption.Integer(["--rank"], "Rank of the random adapter; 8 unless given.", 1);
    private readonly Option<string?> _targets = ModelOptions.Targets("What is adapted; all-linear unless given.");
    private readonly Option<string?> _precision = ModelOptions.Precision("Precision to check; exact unless given.");

    private readonly Option<int?> _seed = NumberOption.Integer(["--seed"], "Seed of the random adapter and tokens; 0 unless given.", 0);

    internal GradcheckCommand(CommandHost host)
        : base(host, "gradcheck", "Compare a model's training graph with llama.cpp's inference: logits, and gradients with finite differences.")
    {
        Add(_model);
        Add(_context);
        Add(_rank);
        Add(_targets);
        Add(_precision);
        Add(_seed);
    }

    protected override Task<int> ExecuteAsync(CommandSession session)
    {
        var defaults = new GradientCheckOptions();
        var options = defaults with
        {
            Seed = (ulong?)session.Value(_seed) ?? defaults.Seed,
            ContextLength = session.Value(_context) ?? defaults.ContextLength,
            Rank = session.Value(_rank) ?? defaults.Rank,
            TargetModules = session.Value(_targets) is { } targets ? LoraTargetModules.Parse(targets) : defaults.TargetModules,
            Precision = ModelOptions.Read(session.Value(_precision)) ?? defaults.Precision,
            Device = session.Device,
            Threads = session.Device.Threads,
        };
        var model = session.ModelPath(session.Required(_model));
        var result = session.WithProgress(progress => GradientCheck.Run(
            model, options, new InlineProgress<OperationProgress>(state => progress.Report(new ProgressEvent(state.Stage))), session.CancellationToken));
        FallbackNotes.Write(session.Terminal.Error, result.Device, result.FallbackNodes);
        session.Report(
            json =>
            {
                json.WriteString("architecture", result.Architecture);
                json.WriteFinite("forwardNmse", result.ForwardNmse);
                json.WriteNumber("tensorsChecked", result.Tensors.Count);
                json.WriteFinite("maxRelativeError", result.MaxRelativeError);
                json.WriteFinite("minCosine", result.MinCosine);
                json.WriteFinite("maxRelativeL2", result.MaxRelativeL2);
                json.WriteStrings("zeroGradientTensors", result.ZeroGradientTensors);
                json.WriteString("device", result.Device);
                json.WriteFallbacks("fallbackNodes", result.FallbackNodes);
                json.WriteBoolean("pass", result.Pass);
            },
            console =>
            {
                console.Write(Table(result));
                console.Write(PlainConsole.Facts(
                    ("architecture", result.Architecture),
                    ("forward NMSE", Short(result.ForwardNmse)),
                    ("tensors checked", Units.Count(result.Tensors.Count)),
                    ("largest distance", Short(result.MaxRelativeL2)),
                    ("largest relative error", $"{Short(result.MaxRelativeError)} of {Short(result.Tolerance)} allowed"),
                    ("lowest cosine", result.MinCosine.ToString("0.000000", CultureInfo.InvariantCulture)),
                    ("device", result.Device),
                    ("without gradient", Names(result.ZeroGradientTensors)),
                    ("not adapted by llama.cpp", Names(result.UnusedTargets)),
                    ("pass", result.Pass ? "yes" : "no")));
            });
        return Task.FromResult(result.Pass ? ExitCode.Done : ExitCode.Failed);
    }

    /// <summary>The tensors by how far their gradients are off, the worst first.</summary>
    private static Table Table(GradientCheckResult result)
    {
        var table = new Table().Border(TableBorder.Simple)
            .AddColumn("tensor").AddColumn("by gradient").AddColumn("by differences").AddColumn("relative error").AddColumn("uncertainty").AddColumn("");
        foreach (var tensor in result.Tensors.OrderByDescending(tensor => tensor.RelativeError))
            table.AddRow(
                Markup.Escape(tensor.Name), Short(tensor.Found), Short(tensor.Expected), Short(tensor.RelativeError), Short(tensor.OracleError),
                tensor.RelativeError <= result.Tolerance ? "ok" : "off");
        return table;
    }

    private static string Names(IReadOnlyList<string> names) => names.Count == 0 ? "none" : string.Join(", ", names);

    private static string Short(double value) => value.ToString("0.0e+00", CultureInfo.InvariantCulture);
}
