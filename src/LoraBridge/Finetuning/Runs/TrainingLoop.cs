using System.Diagnostics;
using LoraBridge.Finetuning.Checkpoints;
using LoraBridge.Training;
using LoraBridge.Training.Batching;

namespace LoraBridge.Finetuning.Runs;

/// <summary>Updates one after the other, with what belongs between them: measuring, reporting, stopping.</summary>
internal sealed class TrainingLoop
{
    /// <summary>Tokens that the first and final loss are taken over, at most, if nothing else is asked for.</summary>
    private const int MostLossTokens = 4096;

    private readonly AdapterTraining _training;
    private readonly LoraTrainingParameters _parameters;
    private readonly PreparedData _data;
    private IReadOnlyList<PackedRow> _lossRows = [];
    private readonly IReadOnlyList<PackedRow> _validationRows;
    private readonly RunClock _clock = new();
    private readonly Action<TrainingProgress> _report;
    private readonly Func<bool> _stopRequested;
    private IReadOnlyList<string> _changes = [];
    private TrainingProgress _last;
    private float[][]? _best;
    private double _finalLoss = double.NaN;

    public TrainingLoop(
        AdapterTraining training, PreparedData data, LoraTrainingParameters parameters, Action<TrainingProgress> report, Func<bool> stopRequested)
    {
        (_training, _data, _parameters, _report, _stopRequested) = (training, data, parameters, report, stopRequested);
        _last = Nothing with { TotalSteps = training.TotalSteps };
        _validationRows = data.Validation.Count > 0 ? training.Layout.Rows(data.Validation) : [];
    }

    /// <summary>What there is to tell before the first update.</summary>
    public static TrainingProgress Nothing { get; } = new()
    {
        Epoch = 0, Step = 0, TotalSteps = 0, Loss = double.NaN, LearningRate = 0, GradientNorm = double.NaN, TokensPerSecond = 0, Elapsed = TimeSpan.Zero,
        Remaining = TimeSpan.Zero,
    };

    /// <summary>The course so far; null until the first loss is known.</summary>
    public RunState? State { get; private set; }

    /// <summary>Updates made.</summary>
    public int Step => _training.Trainer.Optimizer.Steps;

    /// <summary>The update after which the adapter that counts was taken.</summary>
    public int AdapterStep => State?.BestLoss is null ? Step : State.BestStep;

    /// <summary>The account of the training.</summary>
    public TrainingResult Result(TrainingStatus status) => new()
    {
        Status = status,
        Steps = Step,
        Epochs = _training.Batches.EpochsAfter(Step),
        TrainTokens = State?.TrainTokens ?? 0,
        FirstLoss = State?.FirstLoss ?? double.NaN,
        FinalLoss = _finalLoss,
        ValidationLoss = State?.BestLoss,
        BestStep = AdapterStep,
        TokensPerSecond = _clock.TokensPerSecond,
        Duration = _clock.Elapsed,
        PeakMemoryBytes = PeakMemory(),
        Layers = _training.Graph.Plan,
        TrainableParameters = _training.ParameterCount,
        Device = _training.Place.Name,
        DeviceReason = _training.Place.Reason,
        FallbackNodes = _training.Fallbacks,
        UntrainedTargets = _training.UntrainedTargets,
        ResumeChanges = _changes,
        CheckpointPath = Checkpoints?.Newest,
    };

    /// <summary>The values of the best adapter by parameter; null without validation.</summary>
    public float[][]? Best => _best;

    /// <summary>Where checkpoints go; null saves none.</summary>
    public CheckpointStore? Checkpoints { get; init; }

    /// <summary>Goes back to a checkpoint, before the loop is run.</summary>
    /// <param name="checkpoint">The checkpoint.</param>
    /// <param name="changes">What is otherwise than it was.</param>
    /// <exception cref="CheckpointMismatchException">More updates were made than this training is to make.</exception>
    public void Restore(Checkpoint checkpoint, ResumeChanges changes)
    {
        if (checkpoint.State.Step > _training.TotalSteps)
            throw new CheckpointMismatchException(
                checkpoint.Directory, [$"{checkpoint.State.Step} updates were made and {_training.TotalSteps} are to be made in all"]);
        _best = checkpoint.Restore(_training);
        State = checkpoint.State.Run;
        _last = _last with { Step = Step };
        _changes = changes.Descriptions;
        if (!changes.IsMeasuredOtherwise)
            return;
        // Losses over other data cannot be compared with those so far: the best is to be found anew.
        _best = null;
        State = State with { EvaluatedStep = -1, BestLoss = null, BestStep = 0, EvaluationsWithoutGain = 0 };
    }

    /// <summary>Trains until the end, or until told to stop. A checkpoint keeps what is trained then.</summary>
    /// <exception cref="OperationCanceledException">Cancelled; the adapter is as after the last whole update.</exception>
    /// <exception cref="TrainingDivergedException">The loss is not a number.</exception>
    public TrainingStatus Run(CancellationToken cancellationToken)
    {
        _training.CancelBy(cancellationToken);
        // What was measured before an interruption is measured again at the end.
        var lossTokens = _parameters.LossSampleTokens ?? State?.LossTokens ?? AffordableLossTokens();
        _lossRows = _training.Layout.Rows(_data.LossSample(lossTokens, _parameters.Seed));
        State ??= new RunState { FirstLoss = Measure(TrainingStage.MeasuringBefore, _lossRows, cancellationToken), LossTokens = lossTokens };
        TrainingStatus status;
        try
        {
            status = RunSteps(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            Checkpoints?.Save(State, _best);
            throw;
        }
        Checkpoints?.Save(State, _best);
        TakeBest(cancellationToken);
        _finalLoss = Measure(TrainingStage.MeasuringAfter, _lossRows, cancellationToken);
        return status;
    }

    /// <summary>
    /// A row forward and backward costs three times what it costs forward, and the loss is measured twice: the tokens of rows for which that is a twentieth
    /// of the training.
    /// </summary>
    private int AffordableLossTokens()
    {
        var rows = (double)_training.TotalSteps * _parameters.BatchSize * _parameters.GradientAccumulation;
        var length = _training.Layout.Length;
        return (int)Math.Clamp(0.05 * 3 / 2 * rows * length, length, Math.Max(MostLossTokens, length));
    }

    private double Measure(TrainingStage stage, IReadOnlyList<PackedRow> rows, CancellationToken cancellationToken) =>
        _training.Trainer.Evaluate(rows.Select((row, index) =>
        {
            Report(stage, (double)index / rows.Count);
            return row;
        }), cancellationToken);

    /// <summary>Tells that a stage has begun, or how much of it is done.</summary>
    public void Report(TrainingStage stage, double? fraction = null) => _report(_last with { Stage = stage, StageFraction = fraction, ValidationLoss = null, Elapsed = _clock.Elapsed });

    private TrainingStatus RunSteps(CancellationToken cancellationToken)
    {
        EvaluateWhenDue(cancellationToken);
        foreach (var data in RemainingSteps())
        {
            if (_parameters.EarlyStoppingPatience > 0 && State!.EvaluationsWithoutGain >= _parameters.EarlyStoppingPatience)
                return TrainingStatus.EarlyStopped;
            if (_stopRequested())
                return TrainingStatus.Stopped;
            var tokens = data.MicroBatches.SelectMany(rows => rows).Sum(row => row.Length);
            var outcome = _clock.Time(tokens, () => _training.Trainer.Step(data, cancellationToken));
            State = State! with { TrainTokens = State.TrainTokens + tokens };
            var validation = EvaluateWhenDue(cancellationToken);
            _report(_last = Progress(data, outcome, validation));
            if (IsDue(_parameters.CheckpointInterval))
                Checkpoints?.Save(State, _best);
        }
        return TrainingStatus.Completed;
    }

    private IEnumerable<TrainingStep> RemainingSteps()
    {
        while (Step < _training.TotalSteps)
        {
            foreach (var step in _training.Batches.Steps(_training.Batches.PositionAfter(Step)).Take(_training.TotalSteps - Step))
                yield return step;
        }
    }

    private double? EvaluateWhenDue(CancellationToken cancellationToken)
    {
        var isDue = IsDue(_parameters.EvaluationInterval) || Step > 0 && Step == _training.TotalSteps;
        return isDue && State!.EvaluatedStep != Step ? Evaluate(cancellationToken) : null;
    }

    /// <summary>Whether what happens every so many updates, or for 0 after each epoch, is due.</summary>
    private bool IsDue(int interval) => Step > 0 && (interval > 0 ? Step % interval == 0 : _training.Batches.EndsEpoch(Step));

    private double? Evaluate(CancellationToken cancellationToken)
    {
        if (_validationRows.Count == 0)
            return null;
        var loss = Measure(TrainingStage.Validating, _validationRows, cancellationToken);
        State = State!.Evaluated(Step, loss);
        if (State.BestStep == Step)
            _best = _training.CopyValues();
        return loss;
    }

    /// <summary>With validation data the best adapter counts, not the last.</summary>
    private void TakeBest(CancellationToken cancellationToken)
    {
        if (State!.EvaluatedStep != Step)
            Evaluate(cancellationToken);
        if (_best is not null && State.BestStep != Step)
        {
            for (var i = 0; i < _best.Length; i++)
                _best[i].CopyTo(_training.Parameters[i].EditValues());
        }
    }

    private TrainingProgress Progress(TrainingStep data, StepOutcome outcome, double? validation) => new()
    {
        Epoch = data.Position.Epoch + 1,
        Step = Step,
        TotalSteps = _training.TotalSteps,
        Loss = outcome.Loss,
        ValidationLoss = validation,
        LearningRate = outcome.LearningRate,
        GradientNorm = outcome.GradientNorm,
        TokensPerSecond = _clock.TokensPerSecond,
        Elapsed = _clock.Elapsed,
        Remaining = _clock.Estimate(_training.TotalSteps - Step),
    };

    private static long PeakMemory()
    {
        using var process = Process.GetCurrentProcess();
        return process.PeakWorkingSet64;
    }
}
