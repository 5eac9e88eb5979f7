using System.CommandLine;
using LoraBridge.Cli.Benchmarking;
using LoraBridge.Cli.Options;
using LoraBridge.Cli.Output;
using LoraBridge.Cli.Progress;
using LoraBridge.Finetuning;
using static System.FormattableString;

namespace LoraBridge.Cli.Commands;

/// <summary>Measures reading and generating.</summary>
internal sealed class BenchInferCommand : ToolCommand
{
    private readonly BenchModelOptions _model = new();
    private readonly Option<int?> _context = ModelOptions.ContextLength("Tokens of the prompt; 256 unless given.");
    private readonly Option<int?> _rank = NumberOption.Integer(["--rank"], "Rank of the adapter; 8 unless given.", 1);
    private readonly Option<string?> _targets = ModelOptions.Targets("What is adapted; all-linear unless given.");
    private readonly Option<int?> _steps = NumberOption.Integer(["--steps"], "Tokens that are generated; 32 unless given.", 1);

    internal BenchInferCommand(CommandHost host) : base(host, "infer", "Measure inference: prompts and answers, without and with an adapter.")
    {
        _model.AddTo(this);
        Add(_context);
        Add(_rank);
        Add(_targets);
        Add(_steps);
    }

    protected override Task<int> ExecuteAsync(CommandSession session)
    {
        var defaults = new InferenceBenchmarkOptions();
        var options = defaults with
        {
            PromptTokens = session.Value(_context) ?? defaults.PromptTokens,
            GeneratedTokens = session.Value(_steps) ?? defaults.GeneratedTokens,
            Rank = session.Value(_rank) ?? defaults.Rank,
            TargetModules = session.Value(_targets) is { } targets ? LoraTargetModules.Parse(targets) : defaults.TargetModules,
        };
        var result = _model.With(session, path =>
        {
            using var model = session.LoadModel(path, []);
            return session.WithProgress(progress => InferenceBenchmark.Run(
                model, options, new InlineProgress<string>(stage => progress.Report(new ProgressEvent(stage))), session.CancellationToken));
        });
        session.Report(
            json =>
            {
                json.WriteFinite("tokensPerSecond", result.TokensPerSecond);
                json.WriteFinite("promptTokensPerSecond", result.PromptTokensPerSecond);
                json.WriteFinite("adapterTokensPerSecond", result.AdapterTokensPerSecond);
                json.WriteFinite("adapterPromptTokensPerSecond", result.AdapterPromptTokensPerSecond);
                json.WriteFinite("secondsForward", options.PromptTokens / result.PromptTokensPerSecond);
                // Fields that all benchmarks have: nothing is trained.
                json.WriteNumber("secondsBackward", 0);
                json.WriteNumber("secondsOptimizer", 0);
                json.WriteFinite("secondsApply", result.SecondsApply);
                json.WriteFinite("secondsSwitch", result.SecondsSwitch);
                json.WriteNumber("clients", result.Clients);
                json.WriteFinite("clientsTokensPerSecond", result.ClientsTokensPerSecond);
                json.WriteFinite("oneByOneTokensPerSecond", result.OneByOneTokensPerSecond);
                json.WriteFinite("flopsPerToken", result.FlopsPerToken);
                json.WriteFinite("peakGemmGflops", result.PeakGemmGflops);
                json.WriteString("peakGemmType", result.PeakGemmType);
                json.WriteFinite("utilization", result.Utilization);
                json.WriteNumber("peakMemoryBytes", result.PeakMemoryBytes);
            },
            console => console.Write(PlainConsole.Facts(
                ("prompt", Units.Rate(result.PromptTokensPerSecond)),
                ("answer", Units.Rate(result.TokensPerSecond)),
                ("prompt, with adapter", Units.Rate(result.AdapterPromptTokensPerSecond)),
                ("answer, with adapter", Units.Rate(result.AdapterTokensPerSecond)),
                ("applying an adapter", Invariant($"{1000 * result.SecondsApply:F1} ms")),
                ("changing adapters", Invariant($"{1000 * result.SecondsSwitch:F1} ms")),
                ($"{result.Clients} clients together", Units.Rate(result.ClientsTokensPerSecond)),
                ("one after the other", Units.Rate(result.OneByOneTokensPerSecond)),
                ("utilization", Invariant($"{result.Utilization:P0} of {result.PeakGemmGflops:F0} GFLOP/s ({result.PeakGemmType})")),
                ("FLOPs per token", Invariant($"{result.FlopsPerToken / 1e9:F2} G")),
                ("peak memory", Units.Bytes(result.PeakMemoryBytes)))));
        return Task.FromResult(ExitCode.Done);
    }
}
