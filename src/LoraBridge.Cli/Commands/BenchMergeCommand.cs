using System.CommandLine;
using LoraBridge.Cli.Benchmarking;
using LoraBridge.Cli.Options;
using LoraBridge.Cli.Output;
using LoraBridge.Cli.Progress;
using LoraBridge.Finetuning;
using static System.FormattableString;

namespace LoraBridge.Cli.Commands;

/// <summary>Measures merging.</summary>
internal sealed class BenchMergeCommand : ToolCommand
{
    private readonly BenchModelOptions _model = new();
    private readonly Option<MergeOutputType> _output = OutputTypeOption.Create("--output-type");
    private readonly Option<int?> _rank = NumberOption.Integer(["--rank"], "Rank of the adapter; 8 unless given.", 1);
    private readonly Option<string?> _targets = ModelOptions.Targets("What is adapted; all-linear unless given.");
    private readonly Option<int?> _steps = NumberOption.Integer(["--steps"], "Merges that are timed; 3 unless given.", 1);

    internal BenchMergeCommand(CommandHost host) : base(host, "merge", "Measure merging an adapter into a model file.")
    {
        _model.AddTo(this);
        Add(_output);
        Add(_rank);
        Add(_targets);
        Add(_steps);
    }

    protected override Task<int> ExecuteAsync(CommandSession session)
    {
        var defaults = new MergeBenchmarkOptions();
        var options = defaults with
        {
            OutputType = session.Required(_output),
            Repetitions = session.Value(_steps) ?? defaults.Repetitions,
            Rank = session.Value(_rank) ?? defaults.Rank,
            TargetModules = session.Value(_targets) is { } targets ? LoraTargetModules.Parse(targets) : defaults.TargetModules,
            Threads = session.Device.Threads,
        };
        var result = _model.With(session, path => session.WithProgress(progress => MergeBenchmark.Run(
            path, options, new InlineProgress<string>(stage => progress.Report(new ProgressEvent(stage))), session.CancellationToken)));
        session.Report(
            json =>
            {
                json.WriteFinite("seconds", result.Seconds);
                json.WriteFinite("flops", result.Flops);
                json.WriteFinite("peakGemmGflops", result.PeakGemmGflops);
                json.WriteFinite("utilization", result.Utilization);
                // Fields that all benchmarks have; a merge reads no tokens, and has no such phases.
                foreach (var field in (string[])["tokensPerSecond", "secondsForward", "secondsBackward", "secondsOptimizer"])
                    json.WriteNull(field);
                json.WriteFinite("bytesPerSecond", result.BytesPerSecond);
                json.WriteNumber("mergedTensors", result.MergedTensors);
                json.WriteNumber("inputBytes", result.InputBytes);
                json.WriteNumber("outputBytes", result.OutputBytes);
                json.WriteNumber("peakMemoryBytes", result.PeakMemoryBytes);
            },
            console => console.Write(PlainConsole.Facts(
                ("time", Invariant($"{result.Seconds:F2} s")),
                ("speed", $"{Units.Bytes((long)result.BytesPerSecond)}/s read and written"),
                ("merged", $"{result.MergedTensors} tensors"),
                ("base", Units.Bytes(result.InputBytes)),
                ("written", Units.Bytes(result.OutputBytes)),
                ("peak memory", Units.Bytes(result.PeakMemoryBytes)))));
        return Task.FromResult(ExitCode.Done);
    }
}
