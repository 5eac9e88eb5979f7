using System.CommandLine;
using System.Text.Json;
using LoraBridge.Cli.Benchmarking;
using LoraBridge.Cli.Options;
using LoraBridge.Cli.Output;
using LoraBridge.Cli.Progress;
using LoraBridge.Finetuning;
using Spectre.Console;
using static System.FormattableString;

namespace LoraBridge.Cli.Commands;

/// <summary>Measures the training of an adapter.</summary>
internal sealed class BenchTrainCommand : ToolCommand
{
    private readonly BenchModelOptions _model = new();
    private readonly Option<int?> _context = ModelOptions.ContextLength("Tokens of a row; 256 unless given.");
    private readonly Option<int?> _rank = NumberOption.Integer(["--rank"], "Rank of the adapter; 8 unless given.", 1);
    private readonly Option<string?> _targets = ModelOptions.Targets("What is adapted; all-linear unless given.");
    private readonly Option<string?> _precision = ModelOptions.Precision("How products with the model's weights are computed; balanced unless given.");
    private readonly Option<string?> _recompute = ModelOptions.Recompute();
    private readonly Option<string?> _cacheTransposed = ModelOptions.CacheTransposed();
    private readonly Option<int?> _steps = NumberOption.Integer(["--steps"], "Updates that are timed; 5 unless given.", 1);

    internal BenchTrainCommand(CommandHost host) : base(host, "train", "Measure training: tokens per second, where the time goes, and memory.")
    {
        _model.AddTo(this);
        Add(_context);
        Add(_rank);
        Add(_targets);
        Add(_precision);
        Add(_recompute);
        Add(_cacheTransposed);
        Add(_steps);
    }

    protected override Task<int> ExecuteAsync(CommandSession session)
    {
        var result = _model.With(session, path =>
        {
            using var model = session.LoadModel(path, []);
            return session.WithProgress(progress => TrainingBenchmark.Run(
                model, Settings(session), new InlineProgress<string>(stage => progress.Report(new ProgressEvent(stage))), session.CancellationToken));
        });
        FallbackNotes.Write(session.Terminal.Error, result.Device, result.FallbackNodes);
        session.Report(json => Write(json, result), console =>
        {
            console.Write(PlainConsole.Facts(
                ("device", result.Device),
                ("speed", Units.Rate(result.TokensPerSecond)),
                ("utilization", Invariant($"{result.Utilization:P0} of {result.PeakGemmGflops:F0} GFLOP/s ({result.PeakGemmType})")),
                ("kernels", result.ForwardKernel == result.BackwardKernel ? result.ForwardKernel : $"forward {result.ForwardKernel}; backward {result.BackwardKernel}"),
                ("products", result.InstructionGflops > 0 ? Invariant($"{result.ProductUtilization:P0} of the instruction's {result.InstructionGflops:F0} GFLOP/s") : null),
                ("FLOPs per token", Invariant($"{result.FlopsPerToken / 1e9:F2} G")),
                ("forward, head", Invariant($"{result.SecondsForward:F3} s, {result.SecondsHead:F3} s")),
                ("recomputation", Invariant($"{result.SecondsRecomputation:F3} s")),
                ("backward", Invariant($"{result.SecondsBackward:F3} s")),
                ("optimizer", Invariant($"{result.SecondsOptimizer:F3} s")),
                ("attention's part", Invariant($"{result.SecondsAttention:F3} s")),
                ("gradient products", Invariant($"{result.BackwardGflops:F0} GFLOP/s{(result.OutProdGflops > 0 ? Invariant($" (OUT_PROD {result.OutProdGflops:F1})") : "")}")),
                ("layers", result.Layers.ToString()),
                ("peak memory", Units.Bytes(result.PeakMemoryBytes)),
                ("estimated memory", Units.Bytes(result.EstimatedMemoryBytes)),
                ("on the device", result.EstimatedDeviceBytes > 0 ? Units.Bytes(result.EstimatedDeviceBytes) : null)));
            console.Write(Table(result.Operations));
        });
        return Task.FromResult(ExitCode.Done);
    }

    private TrainingBenchmarkOptions Settings(CommandSession session)
    {
        var defaults = new TrainingBenchmarkOptions();
        return defaults with
        {
            Steps = session.Value(_steps) ?? defaults.Steps,
            Parameters = defaults.Parameters with
            {
                ContextLength = session.Value(_context) ?? 256,
                Rank = session.Value(_rank) ?? 8,
                Precision = ModelOptions.Read(session.Value(_precision)) ?? defaults.Parameters.Precision,
                Recompute = ModelOptions.ReadSwitch(session.Value(_recompute)),
                CacheTransposed = ModelOptions.ReadSwitch(session.Value(_cacheTransposed)),
                TargetModules = LoraTargetModules.Parse(session.Value(_targets) ?? LoraTargetModules.AllLinear.Name),
            },
        };
    }

    private static Table Table(IReadOnlyList<OperationShare> operations)
    {
        var table = new Table().Border(TableBorder.Simple).AddColumns("operation", "count", "seconds", "GFLOP/s");
        foreach (var operation in operations)
            table.AddRow(new Text(operation.Kind), new Text(Units.Count(operation.Count)), new Text(Invariant($"{operation.Seconds:F3}")), new Text(Invariant($"{operation.Gflops:F0}")));
        return table;
    }

    private static void Write(Utf8JsonWriter json, TrainingBenchmarkResult result)
    {
        json.WriteFinite("tokensPerSecond", result.TokensPerSecond);
        json.WriteFinite("secondsPerStep", result.SecondsPerStep);
        json.WriteFinite("flopsPerToken", result.FlopsPerToken);
        json.WriteFinite("peakGemmGflops", result.PeakGemmGflops);
        json.WriteString("peakGemmType", result.PeakGemmType);
        json.WriteFinite("utilization", result.Utilization);
        json.WriteString("forwardKernel", result.ForwardKernel);
        json.WriteString("backwardKernel", result.BackwardKernel);
        json.WriteFinite("instructionGflops", result.InstructionGflops);
        json.WriteFinite("productUtilization", result.ProductUtilization);
        json.WriteNumber("peakMemoryBytes", result.PeakMemoryBytes);
        json.WriteNumber("estimatedMemoryBytes", result.EstimatedMemoryBytes);
        json.WriteFinite("secondsForward", result.SecondsForward);
        json.WriteFinite("secondsHead", result.SecondsHead);
        json.WriteFinite("secondsRecomputation", result.SecondsRecomputation);
        json.WriteFinite("secondsBackward", result.SecondsBackward);
        json.WriteFinite("secondsOptimizer", result.SecondsOptimizer);
        json.WriteFinite("secondsAttention", result.SecondsAttention);
        json.WriteFinite("backwardGflops", result.BackwardGflops);
        json.WriteFinite("outProdGflops", result.OutProdGflops);
        json.WriteBoolean("recompute", result.Layers.CostlyKept + result.Layers.Recomputed > 0);
        json.WriteNumber("layersKept", result.Layers.Kept);
        json.WriteNumber("layersCostlyKept", result.Layers.CostlyKept);
        json.WriteNumber("layersRecomputed", result.Layers.Recomputed);
        json.WriteNumber("layersFrozen", result.Layers.Frozen);
        json.WriteNumber("allocatedBytesPerStep", result.AllocatedBytesPerStep);
        json.WriteNumber("trainableParameters", result.TrainableParameters);
        json.WriteString("device", result.Device);
        json.WriteNumber("estimatedDeviceBytes", result.EstimatedDeviceBytes);
        json.WriteFallbacks("fallbackNodes", result.FallbackNodes);
        json.WriteObjects("operations", result.Operations, operation =>
        {
            json.WriteString("kind", operation.Kind);
            json.WriteNumber("count", operation.Count);
            json.WriteFinite("seconds", operation.Seconds);
            json.WriteFinite("gflops", operation.Gflops);
        });
    }
}
