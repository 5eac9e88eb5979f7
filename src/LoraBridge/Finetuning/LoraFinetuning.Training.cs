using LoraBridge.Finetuning.Runs;
using LoraBridge.Formats;
using LoraBridge.Model;
using LoraBridge.Training;

namespace LoraBridge.Finetuning;

/// <content>Training.</content>
public sealed partial class LoraFinetuning
{
    private int _isRunning;
    private volatile bool _stopRequested;

    /// <summary>Trains an adapter and writes it as a GGUF file that llama.cpp loads.</summary>
    /// <param name="path">Where to write; replaced if it exists, once training has ended. Its folder must exist.</param>
    /// <param name="progress">Receives a report after each update, on the calling thread.</param>
    /// <param name="cancellationToken">Stops within a row; the result says <see cref="TrainingStatus.Cancelled"/> and nothing is written.</param>
    /// <exception cref="ArgumentException">The path is blank, or the targets name nothing in this model that can be adapted.</exception>
    /// <exception cref="InvalidOperationException">There is nothing to learn from, a training is running, or the checkpoint directory holds another training's.</exception>
    /// <exception cref="DirectoryNotFoundException">The folder of the path does not exist.</exception>
    /// <exception cref="InvalidDataException">A row is bad in a strict data set, or a file cannot be read.</exception>
    /// <exception cref="AdapterMismatchException">The initial adapter was made for another model.</exception>
    /// <exception cref="NotSupportedException">
    /// The model has an operation without a gradient, or the loss of the training graph differs from that of inference on this processor.
    /// </exception>
    /// <exception cref="InsufficientMemoryException">The machine has less memory than the training needs.</exception>
    /// <exception cref="CheckpointMismatchException">The checkpoint to resume from is of another model, other data or other parameters.</exception>
    /// <exception cref="LoraTrainingDivergedException">
    /// The loss became infinite or not a number; the last good state is written beside <paramref name="path"/>.
    /// </exception>
    public TrainingResult TrainToAdapter(
        string path, IProgress<TrainingProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        CheckTarget(path);
        Begin();
        return Run(path, path, progress, cancellationToken);
    }

    /// <summary>Trains an adapter on another thread.</summary>
    /// <param name="path">Where to write; replaced if it exists, once training has ended. Its folder must exist.</param>
    /// <param name="progress">Receives a report after each update; a <see cref="Progress{T}"/> posts it to the thread it was created on.</param>
    /// <param name="cancellationToken">Stops within a row; the result says <see cref="TrainingStatus.Cancelled"/> and nothing is written.</param>
    /// <inheritdoc cref="TrainToAdapter" path="/exception"/>
    public Task<TrainingResult> TrainToAdapterAsync(
        string path, IProgress<TrainingProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        CheckTarget(path);
        Begin();
        return Task.Run(() => Run(path, path, progress, cancellationToken), CancellationToken.None);
    }

    /// <summary>
    /// Trains an adapter, merges it into the model and writes that, each tensor in the type it had; the adapter itself is not kept.
    /// </summary>
    /// <param name="path">Where to write the model; replaced if it exists. Its folder must exist.</param>
    /// <param name="progress">Receives a report after each update, on the calling thread.</param>
    /// <param name="cancellationToken">Stops the training, whose result says so; cancelled later, merging throws and writes nothing.</param>
    /// <exception cref="IOException">The disk has too little space for the model.</exception>
    /// <exception cref="OperationCanceledException">Merging was cancelled.</exception>
    /// <inheritdoc cref="TrainToAdapter" path="/exception"/>
    public TrainingResult TrainToModel(
        string path, IProgress<TrainingProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        CheckTarget(path);
        using var folder = new ScratchFolder();
        Begin();
        var adapter = folder["adapter.gguf"];
        var result = Run(adapter, path, progress, cancellationToken);
        if (result.AdapterPath is null)
            return result;
        new LoraMerger(_model) { Options = new MergeOptions { Overwrite = true } }.MergeAndExport(new LoraAdapter(adapter), path, cancellationToken: cancellationToken);
        return result with { AdapterPath = null, ModelPath = Path.GetFullPath(path) };
    }

    /// <summary><see cref="TrainToModel"/> on another thread.</summary>
    /// <inheritdoc cref="TrainToModel"/>
    public Task<TrainingResult> TrainToModelAsync(
        string path, IProgress<TrainingProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        CheckTarget(path);
        return Task.Run(() => TrainToModel(path, progress, cancellationToken), CancellationToken.None);
    }

    /// <summary>
    /// Asks a running training to stop after the current update; the adapter trained so far is written. Does nothing if no training runs.
    /// </summary>
    public void RequestStop() => _stopRequested = true;

    /// <summary>
    /// Estimates the memory that training with the current data and parameters needs. The model is traced for this, but nothing is trained.
    /// </summary>
    /// <inheritdoc cref="TrainToAdapter" path="/exception"/>
    public TrainingMemory EstimateMemory()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        using var use = _core.Enter();
        using var training = AdapterTraining.Open(_model, _parameters, PrepareSamples(CancellationToken.None), CancellationToken.None);
        return training.Memory;
    }

    /// <summary><see cref="EstimateMemory"/> on another thread.</summary>
    /// <inheritdoc cref="EstimateMemory"/>
    public Task<TrainingMemory> EstimateMemoryAsync() => Task.Run(EstimateMemory);

    private void CheckTarget(string path)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (Directory.Exists(path))
            throw new ArgumentException($"{path} is a folder, expected the path of a file.", nameof(path));
        if (OutputPath.IsPartOf(_model.Files, path))
            throw new ArgumentException($"{path} is the model itself, expected another path.", nameof(path));
        OutputPath.RequireWritable(path);
    }

    private void Begin()
    {
        if (Interlocked.CompareExchange(ref _isRunning, 1, 0) != 0)
            throw new InvalidOperationException("A training is running already.");
        try
        {
            // A training goes on when its owner is disposed, and keeps the model until its end.
            ObjectDisposedException.ThrowIf(_disposed, this);
            _core.AddReference();
            _stopRequested = false;
        }
        catch
        {
            Volatile.Write(ref _isRunning, 0);
            throw;
        }
    }

    /// <param name="path">Where the adapter goes.</param>
    /// <param name="target">What the caller asked for: a diverged training leaves its last good state beside it.</param>
    /// <param name="progress">Receives a report after each update.</param>
    /// <param name="cancellationToken">Stops within a row.</param>
    private TrainingResult Run(string path, string target, IProgress<TrainingProgress>? progress, CancellationToken cancellationToken)
    {
        try
        {
            Report(TrainingLoop.Nothing with { Stage = TrainingStage.ReadingData });
            var data = PrepareSamples(cancellationToken);
            Report(TrainingLoop.Nothing with { Stage = TrainingStage.BuildingGraph });
            using var training = AdapterTraining.Open(_model, _parameters, data, cancellationToken);
            training.RequireMemory();
            var checkpoints = PlanCheckpoints(data, training.Place);
            var loop = new TrainingLoop(training, data, _parameters, Report, () => _stopRequested)
            {
                Checkpoints = checkpoints.OpenStore(training),
            };
            if (_resumed is not null)
                loop.Restore(_resumed, checkpoints.Changes);
            var result = Run(path, target, training, data, loop, cancellationToken);
            _resumed = null;
            return result;
        }
        finally
        {
            _core.Release();
            Volatile.Write(ref _isRunning, 0);
        }

        void Report(TrainingProgress state) => progress?.Report(state);
    }

    private TrainingResult Run(
        string path, string target, AdapterTraining training, PreparedData data, TrainingLoop loop, CancellationToken cancellationToken)
    {
        var status = TrainingStatus.Cancelled;
        try
        {
            InferenceAgreement.Require(_model, training, data, cancellationToken);
            status = loop.Run(cancellationToken);
            loop.Report(TrainingStage.Saving);
            training.Save(path, AdapterMetadata.For(_model, _parameters, data, loop.AdapterStep));
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The result says so.
        }
        catch (TrainingDivergedException fault)
        {
            var kept = fault.IsGood ? Path.ChangeExtension(Path.GetFullPath(target), ".last-good.gguf") : null;
            if (kept is not null)
                training.Save(kept, AdapterMetadata.For(_model, _parameters, data, loop.AdapterStep), loop.Best);
            throw new LoraTrainingDivergedException(fault.Step + 1, kept, loop.Checkpoints?.Newest, fault);
        }
        return loop.Result(status) with { AdapterPath = status == TrainingStatus.Cancelled ? null : Path.GetFullPath(path) };
    }

    private PreparedData PrepareSamples(CancellationToken cancellationToken)
    {
        var data = Prepare(cancellationToken);
        if (data.Training.Count > 0)
            return data;
        throw new InvalidOperationException(data.Problems is [var first, ..]
            ? $"There is nothing to learn from: all {data.Statistics.SkippedSamples} rows were skipped. First: {first}."
            : "There is nothing to learn from: add training data first.");
    }
}
