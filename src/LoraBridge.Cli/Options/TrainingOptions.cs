using System.CommandLine;
using LoraBridge.Finetuning;

namespace LoraBridge.Cli.Options;

/// <summary>How an adapter is trained; what is not given stays as <see cref="LoraTrainingParameters"/> has it.</summary>
internal sealed class TrainingOptions
{
    private readonly Option<int?> _rank = NumberOption.Integer(["--rank"], "Width of the adapter's bottleneck; 16 unless given.", 1);
    private readonly Option<double?> _alpha = NumberOption.Real(["--alpha"], "The adapter counts alpha / rank times; 32 unless given.", 0, 1e6);
    private readonly Option<string?> _targets = ModelOptions.Targets(
        "What is adapted: attention, attention-and-feed-forward (unless given), all-linear, or names and globs separated by commas.");
    private readonly Option<string?> _layers = new("--layers") { Description = "Layers that are adapted: last:N, or FROM-TO counted from 0; all unless given.", HelpName = "LAYERS" };
    private readonly Option<bool> _rsLora = new("--rslora") { Description = "Scale by alpha / sqrt(rank) instead." };
    private readonly Option<double?> _dropout = NumberOption.Real(["--dropout"], "Share of a layer's inputs that the adapter does not see in training; 0 unless given.", 0, 0.99);
    private readonly Option<string?> _initialAdapter = new("--init-adapter") { Description = "Adapter to continue from.", HelpName = "FILE" };
    private readonly Option<string?> _initialization = new Option<string?>("--init")
    {
        Description = "What a new adapter's matrices are drawn from: lorabridge unless given, or as PEFT does.",
    }.AcceptOnlyFromAmong("lorabridge", "peft");
    private readonly Option<int?> _epochs = NumberOption.Integer(["--epochs"], "Passes over the data; 3 unless given.", 1);
    private readonly Option<int?> _maxSteps = NumberOption.Integer(["--max-steps"], "Updates to make, instead of epochs.", 1);
    private readonly Option<int?> _context = ModelOptions.ContextLength("Longest sample, and tokens of a row; 512 unless given.");
    private readonly Option<int?> _contextUsed = NumberOption.Integer(["--context-used"], "Context length that the adapter will be used with, for models that rotate positions by it; that of the rows unless given.", 1);
    private readonly Option<int?> _batch = NumberOption.Integer(["--batch"], "Rows in a micro-batch; 1 unless given.", 1);
    private readonly Option<int?> _accumulation = NumberOption.Integer(["--grad-accum"], "Micro-batches that make one update; 1 unless given.", 1);
    private readonly Option<double?> _learningRate = NumberOption.Real(["--lr"], "Learning rate at its peak; 2e-4 unless given.", 0, 1e3);
    private readonly Option<double?> _loraPlus = NumberOption.Real(["--lora-plus"], "How much faster B learns than A; 1 unless given.", 1e-3, 1e3);
    private readonly Option<double?> _neftune = NumberOption.Real(["--neftune"], "Alpha of the noise on embeddings; 0 unless given.", 0, 1e3);
    private readonly Option<string?> _schedule = new Option<string?>("--schedule")
    {
        Description = "How the learning rate develops; cosine unless given.",
    }.AcceptOnlyFromAmong("constant", "linear", "cosine");
    private readonly Option<double?> _warmup = NumberOption.Real(["--warmup"], "Share of the updates over which the learning rate rises; 0.03 unless given.", 0, 1);
    private readonly Option<double?> _floor = NumberOption.Real(["--lr-floor"], "Share of the learning rate that the schedule falls to; 0 unless given.", 0, 0.99);
    private readonly Option<double?> _weightDecay = NumberOption.Real(["--weight-decay"], "AdamW's weight decay; 0 unless given.", 0, 1e3);
    private readonly Option<double?> _clip = NumberOption.Real(["--clip"], "Longest gradient, 0 for any; 1 unless given.", 0, 1e9);
    private readonly Option<int?> _seed = NumberOption.Integer(["--seed"], "Seed of all that is random; 42 unless given.", 0);
    private readonly Option<string?> _precision = ModelOptions.Precision("How products with the model's weights are computed; balanced unless given.");
    private readonly Option<string?> _recompute = ModelOptions.Recompute();
    private readonly Option<string?> _cacheTransposed = ModelOptions.CacheTransposed();
    private readonly Option<string> _lossOn = ModelOptions.LossOn();
    private readonly Option<bool> _noSpecialText = ModelOptions.NoSpecialText("a text of the data");
    private readonly Option<bool> _specialMessages = ModelOptions.SpecialMessages();
    private readonly Option<string?> _overlong = new Option<string?>("--overlong")
    {
        Description = "What becomes of samples longer than --ctx: truncate unless given.",
    }.AcceptOnlyFromAmong("truncate", "split", "skip");
    private readonly Option<bool> _noPacking = new("--no-packing") { Description = "One sample a row." };
    private readonly Option<double?> _validationSplit = NumberOption.Real(["--val-split"], "Share of the samples set aside to measure the loss on.", 0, 0.99);
    private readonly Option<int?> _evaluateEvery = NumberOption.Integer(["--eval-every"], "Updates between two measurements; each epoch unless given.", 0);
    private readonly Option<int?> _patience = NumberOption.Integer(["--patience"], "Measurements without progress after which training stops.", 0);
    private readonly Option<string?> _checkpointDirectory = new("--checkpoint-dir") { Description = "Folder for checkpoints.", HelpName = "DIR" };
    private readonly Option<int?> _checkpointEvery = NumberOption.Integer(["--checkpoint-every"], "Updates between two checkpoints; each epoch unless given.", 0);

    private readonly Option<int?> _keepCheckpoints = NumberOption.Integer(["--keep-checkpoints"], "Checkpoints kept; 2 unless given.", 1);

    internal void AddTo(Command command)
    {
        Option[] options =
        [
            _rank, _alpha, _targets, _layers, _rsLora, _dropout, _initialAdapter, _initialization, _epochs, _maxSteps, _context, _contextUsed, _batch, _accumulation, _learningRate, _loraPlus, _neftune, _schedule, _warmup,
            _floor, _weightDecay, _clip, _seed, _precision, _recompute, _cacheTransposed, _lossOn, _noSpecialText, _specialMessages, _overlong, _noPacking, _validationSplit, _evaluateEvery,
            _patience, _checkpointDirectory, _checkpointEvery, _keepCheckpoints,
        ];
        foreach (var option in options)
            command.Add(option);
    }

    internal LoraTrainingParameters Read(CommandSession session)
    {
        var defaults = new LoraTrainingParameters();
        return defaults with
        {
            Rank = session.Value(_rank) ?? defaults.Rank,
            Alpha = (float?)session.Value(_alpha) ?? defaults.Alpha,
            TargetModules = session.Value(_targets) is { } targets ? LoraTargetModules.Parse(targets) : defaults.TargetModules,
            Layers = session.Value(_layers) is { } layers ? LoraLayers.Parse(layers) : null,
            UseRsLora = session.Value(_rsLora),
            Dropout = (float?)session.Value(_dropout) ?? defaults.Dropout,
            InitialAdapter = session.Value(_initialAdapter),
            Initialization = session.Value(_initialization) is { } initialization ? Enum.Parse<LoraInitialization>(initialization, ignoreCase: true) : defaults.Initialization,
            Epochs = session.Value(_epochs) ?? defaults.Epochs,
            MaxSteps = session.Value(_maxSteps),
            ContextLength = session.Value(_context) ?? defaults.ContextLength,
            ContextUsed = session.Value(_contextUsed),
            BatchSize = session.Value(_batch) ?? defaults.BatchSize,
            GradientAccumulation = session.Value(_accumulation) ?? defaults.GradientAccumulation,
            LearningRate = (float?)session.Value(_learningRate) ?? defaults.LearningRate,
            LoraPlusRatio = (float?)session.Value(_loraPlus) ?? defaults.LoraPlusRatio,
            NeftuneAlpha = (float?)session.Value(_neftune) ?? defaults.NeftuneAlpha,
            Schedule = session.Value(_schedule) is { } schedule ? Enum.Parse<LearningRateScheduleKind>(schedule, ignoreCase: true) : defaults.Schedule,
            WarmupRatio = (float?)session.Value(_warmup) ?? defaults.WarmupRatio,
            LearningRateFloor = (float?)session.Value(_floor) ?? defaults.LearningRateFloor,
            WeightDecay = (float?)session.Value(_weightDecay) ?? defaults.WeightDecay,
            MaxGradientNorm = (float?)session.Value(_clip) ?? defaults.MaxGradientNorm,
            Seed = (ulong?)session.Value(_seed) ?? defaults.Seed,
            Precision = ModelOptions.Read(session.Value(_precision)) ?? defaults.Precision,
            Recompute = ModelOptions.ReadSwitch(session.Value(_recompute)),
            CacheTransposed = ModelOptions.ReadSwitch(session.Value(_cacheTransposed)),
            AssistantLossOnly = session.Required(_lossOn) == "assistant",
            ParseSpecialTokensInText = !session.Value(_noSpecialText),
            ParseSpecialTokensInMessages = session.Value(_specialMessages),
            OverlongSamples = session.Value(_overlong) is { } overlong ? Enum.Parse<OverlongSamplePolicy>(overlong, ignoreCase: true) : defaults.OverlongSamples,
            SequencePacking = !session.Value(_noPacking),
            ValidationSplit = (float?)session.Value(_validationSplit) ?? defaults.ValidationSplit,
            EvaluationInterval = session.Value(_evaluateEvery) ?? defaults.EvaluationInterval,
            EarlyStoppingPatience = session.Value(_patience) ?? defaults.EarlyStoppingPatience,
            CheckpointDirectory = session.Value(_checkpointDirectory),
            CheckpointInterval = session.Value(_checkpointEvery) ?? defaults.CheckpointInterval,
            KeepCheckpoints = session.Value(_keepCheckpoints) ?? defaults.KeepCheckpoints,
        };
    }
}
