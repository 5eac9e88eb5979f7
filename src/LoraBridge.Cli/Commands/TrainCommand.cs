using System.CommandLine;
using System.Text.Json;
using LoraBridge.Cli.Options;
using LoraBridge.Cli.Output;
using LoraBridge.Cli.Progress;
using LoraBridge.Finetuning;
using LoraBridge.Model;

namespace LoraBridge.Cli.Commands;

/// <summary>Trains an adapter.</summary>
internal sealed class TrainCommand : ToolCommand
{
    private readonly Option<string> _model = ModelOptions.Model();
    private readonly Option<string[]> _data = new("--data", "-d")
    {
        Description = "Data sets to learn from.", HelpName = "DATA", Required = true, AllowMultipleArgumentsPerToken = true,
    };
    private readonly Option<string[]> _validation = new("--val-data")
    {
        Description = "Data sets to measure the loss on, instead of a share of the others.", HelpName = "DATA", AllowMultipleArgumentsPerToken = true,
    };
    private readonly Option<bool> _strict = ModelOptions.Strict();
    private readonly Option<string?> _chatTemplate = ModelOptions.ChatTemplate();
    private readonly Option<string> _output = new("--output", "-o") { Description = "Adapter to write.", HelpName = "ADAPTER", Required = true };
    private readonly TrainingOptions _training = new();
    private readonly Option<string?> _resume = new("--resume")
    {
        Description = "Go on from a checkpoint, or the newest in a folder; other options as before, but for length, measuring and saving.", HelpName = "DIR",
    };
    private readonly Option<string?> _merge = new("--merge") { Description = "Also merge the trained adapter into the model, and write that.", HelpName = "OUT" };
    private readonly Option<string?> _plot = new("--plot") { Description = "Draw losses and learning rate.", HelpName = "FILE.png" };
    private readonly Option<string[]> _logs = new("--log")
    {
        Description = "Write losses, learning rate, gradient norm and speed of each update to a table or for TensorBoard; may be repeated.",
        HelpName = "csv:FILE|tensorboard:DIR",
    };

    internal TrainCommand(CommandHost host) : base(host, "train", "Train an adapter; Ctrl-C ends early and keeps what was learnt.")
    {
        Add(_model);
        Add(_data);
        Add(_validation);
        Add(_strict);
        Add(_chatTemplate);
        Add(_output);
        _training.AddTo(this);
        Add(_resume);
        Add(_merge);
        Add(_plot);
        Add(_logs);
    }

    protected override Task<int> ExecuteAsync(CommandSession session)
    {
        if (Backends.ProgramWarning is { } warning)
            session.Terminal.Error.WriteLine($"warning: {warning}");
        var datasets = Datasets(session, session.Required(_data));
        var validation = Datasets(session, session.Value(_validation) ?? []);
        using var model = session.LoadModel(session.Required(_model), [], session.Value(_chatTemplate));
        using var finetuning = new LoraFinetuning(model) { Parameters = Parameters(session) };
        foreach (var dataset in datasets)
            finetuning.AddDataset(dataset);
        foreach (var dataset in validation)
            finetuning.AddValidationDataset(dataset);
        if (session.Value(_resume) is { } checkpoint)
            finetuning.ResumeFrom(checkpoint);
        var merged = MergedPath(session);
        var plot = new LossPlot(PlotPath(session));
        using var logs = new TrainingLogs(session.Value(_logs) ?? [], goesOn: session.Value(_resume) is not null);
        TrainingResult result;
        try
        {
            result = session.WithProgress(progress => Train(finetuning, plot, logs, progress, session));
        }
        finally
        {
            // How the loss went says most where it went wrong.
            plot.Save();
        }
        foreach (var change in result.ResumeChanges)
            session.Terminal.Error.WriteLine($"changed: {change}");
        if (result.UntrainedTargets.Count > 0)
            session.Terminal.Error.WriteLine($"not trained, as the model computes nothing with an adapter of it: {string.Join(", ", result.UntrainedTargets)}");
        FallbackNotes.Write(session.Terminal.Error, result.Device, result.FallbackNodes);
        // Ctrl-C keeps what was learnt; whoever pressed it did not want more to be written.
        if (merged is not null && result.AdapterPath is { } adapter && !session.CancellationToken.IsCancellationRequested)
            result = result with { ModelPath = Merge(model, adapter, merged, session) };
        DatasetNotes.Write(session.Terminal.Error, finetuning.Statistics, finetuning.Problems);
        session.Report(
            json => Write(json, result),
            console => console.Write(PlainConsole.Facts(
                ("status", JsonOutput.CamelCase(result.Status)),
                ("steps", Units.Count(result.Steps)),
                ("loss", $"{Units.Fixed(result.FirstLoss)} -> {Units.Fixed(result.FinalLoss)}"),
                ("validation loss", result.ValidationLoss is { } loss ? Units.Fixed(loss) : null),
                ("speed", Units.Rate(result.TokensPerSecond)),
                ("layers", result.Layers.ToString()),
                ("peak memory", Units.Bytes(result.PeakMemoryBytes)),
                ("parameters", Units.Count(result.TrainableParameters)),
                ("device", $"{result.Device} ({result.DeviceReason})"),
                ("adapter", result.AdapterPath),
                ("merged", result.ModelPath))));
        return Task.FromResult(session.CancellationToken.IsCancellationRequested ? ExitCode.Cancelled : ExitCode.Done);
    }

    private TrainingDataset[] Datasets(CommandSession session, string[] paths)
    {
        var options = new DatasetReadOptions { Strict = session.Value(_strict) };
        return [.. paths.Select(path => TrainingDataset.FromFile(path, options))];
    }

    private LoraTrainingParameters Parameters(CommandSession session)
    {
        try
        {
            var parameters = _training.Read(session);
            parameters.Validate();
            return parameters;
        }
        catch (ArgumentException misuse)
        {
            throw new UsageException(Failure.Describe(misuse));
        }
    }

    /// <summary>Where the losses are drawn; that it can be written is found out before the training, not after.</summary>
    private string? PlotPath(CommandSession session)
    {
        if (session.Value(_plot) is not { } path)
            return null;
        if (!path.EndsWith(".png", StringComparison.OrdinalIgnoreCase))
            throw new UsageException($"--plot is '{path}', expected a file name that ends in .png.");
        var full = Path.GetFullPath(path);
        return Directory.Exists(Path.GetDirectoryName(full)) ? full : throw new DirectoryNotFoundException($"The folder of {path} does not exist.");
    }

    /// <summary>Where the merged model goes; that it can be written is found out before the training, not after.</summary>
    private string? MergedPath(CommandSession session)
    {
        if (session.Value(_merge) is not { } path)
            return null;
        var full = Path.GetFullPath(path);
        if (!Directory.Exists(Path.GetDirectoryName(full)))
            throw new DirectoryNotFoundException($"The folder of {path} does not exist.");
        return File.Exists(full) ? throw new IOException($"{full} exists already: remove it, or choose another name for --merge.") : full;
    }

    private static string Merge(LM model, string adapter, string path, CommandSession session)
    {
        var merger = new LoraMerger(model) { Options = new MergeOptions { Threads = session.Device.Threads } };
        merger.AddLoraAdapter(adapter);
        return session.WithProgress(progress => merger.Merge(
            path, new InlineProgress<MergeProgress>(merging => progress.Report(new ProgressEvent(JsonOutput.CamelCase(merging.Stage), merging.Fraction))),
            session.CancellationToken)).Paths[0];
    }

    /// <summary>Ctrl-C asks the training to stop and save; before the first update there is nothing to save, and it is cancelled.</summary>
    private TrainingResult Train(LoraFinetuning finetuning, LossPlot plot, TrainingLogs logs, IProgress<ProgressEvent> progress, CommandSession session)
    {
        using var cancellation = new CancellationTokenSource();
        var hasLearnt = false;
        using var stop = session.CancellationToken.Register(() =>
        {
            progress.Report(new ProgressEvent("stopping after this update; Ctrl-C again ends at once"));
            if (Volatile.Read(ref hasLearnt))
                finetuning.RequestStop();
            else
                cancellation.Cancel();
        });
        var steps = new InlineProgress<TrainingProgress>(state =>
        {
            if (state.Stage != TrainingStage.Training)
            {
                // The updates made so far stay in sight: between and after them, the other stages pass quickly.
                progress.Report(Volatile.Read(ref hasLearnt)
                    ? new ProgressEvent(NameOf(state.Stage), state.StageFraction) { Step = state.Step, Steps = state.TotalSteps, Loss = state.Loss }
                    : new ProgressEvent(NameOf(state.Stage), state.StageFraction));
                return;
            }
            Volatile.Write(ref hasLearnt, true);
            plot.Add(state);
            logs.Add(state);
            progress.Report(Describe(state));
            if (session.CancellationToken.IsCancellationRequested)
                finetuning.RequestStop();
        });
        return finetuning.TrainToAdapter(session.Required(_output), steps, cancellation.Token);
    }

    private static string NameOf(TrainingStage stage) => stage switch
    {
        TrainingStage.ReadingData => "read",
        TrainingStage.BuildingGraph => "build",
        TrainingStage.Validating => "validate",
        TrainingStage.Saving => "save",
        _ => "measure",
    };

    private static ProgressEvent Describe(TrainingProgress state) => new("train", (double)state.Step / state.TotalSteps)
    {
        Epoch = state.Epoch,
        Step = state.Step,
        Steps = state.TotalSteps,
        Loss = state.Loss,
        ValidationLoss = state.ValidationLoss,
        LearningRate = state.LearningRate,
        GradientNorm = state.GradientNorm,
        TokensPerSecond = state.TokensPerSecond,
        Remaining = state.Remaining,
    };

    private static void Write(Utf8JsonWriter json, TrainingResult result)
    {
        json.WriteString("status", JsonOutput.CamelCase(result.Status));
        json.WriteNumber("steps", result.Steps);
        json.WriteFinite("epochs", result.Epochs);
        json.WriteNumber("trainTokens", result.TrainTokens);
        json.WriteFinite("firstLoss", result.FirstLoss);
        json.WriteFinite("finalLoss", result.FinalLoss);
        json.WriteFinite("validationLoss", result.ValidationLoss);
        json.WriteFinite("tokensPerSecond", result.TokensPerSecond);
        json.WriteNumber("layersKept", result.Layers.Kept);
        json.WriteNumber("layersCostlyKept", result.Layers.CostlyKept);
        json.WriteNumber("layersRecomputed", result.Layers.Recomputed);
        json.WriteNumber("layersFrozen", result.Layers.Frozen);
        json.WriteNumber("peakMemoryBytes", result.PeakMemoryBytes);
        json.WriteNumber("trainableParameters", result.TrainableParameters);
        json.WriteString("adapter", result.AdapterPath);
        json.WriteString("device", result.Device);
        json.WriteString("deviceReason", result.DeviceReason);
        json.WriteFallbacks("fallbackNodes", result.FallbackNodes);
        json.WriteStrings("untrainedTargets", result.UntrainedTargets);
        json.WriteStrings("resumeChanges", result.ResumeChanges);
        json.WriteString("merged", result.ModelPath);
    }
}
